package drafter

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/logits"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// load returns a small model that is closed at the end of the test.
func load(t *testing.T, m *testmodel.Model) *model.Model {
	t.Helper()
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	loaded, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

// start returns a drafter that is closed at the end of the test.
func start(t *testing.T, m *model.Model, opt Options) *Drafter {
	t.Helper()
	d, err := New(m, m, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// greedy extends tokens, each time by the likeliest token of m. It ends after n tokens, or
// before a token whose probability is below sure.
func greedy(t *testing.T, m *model.Model, tokens []int32, n int, sure float64) (list []int32) {
	r, err := m.NewRunner(model.RunnerOptions{Ctx: 512, Threads: 1})
	require.NoError(t, err)
	defer r.Close()
	seq := r.NewSeq()
	for next := tokens; len(list) < n; next = list[len(list)-1:] {
		var b model.Batch
		b.AddAll(seq, next, 1)
		require.NoError(t, r.Forward(context.Background(), &b))
		l, err := r.Logits(0, 1)
		require.NoError(t, err)
		p := logits.NewLogprobs(l)
		if p.Prob(p.Best()) < sure {
			break
		}
		list = append(list, p.Best())
	}
	return list
}

// prompt returns n tokens, which depend on seed.
func prompt(n, seed int) (list []int32) {
	for i := range n {
		list = append(list, int32(3+(i*i*7+seed*11+i)%200))
	}
	return list
}

// TestWrite checks that a draft is what the model would write. Earlier drafts, refused tokens
// and other texts in the same call must not change it.
func TestWrite(t *testing.T) {
	for name, m := range map[string]*model.Model{
		"whole":  load(t, testmodel.SPM(1)),
		"window": load(t, testmodel.Spec{Arch: &arch.Gemma3, Seed: 3, Dim: 32, Layers: 6, Window: 20, Tied: true}.Make()),
	} {
		d := start(t, m, Options{Ctx: 256, Texts: 3})
		texts := [][]int32{prompt(5, 1), prompt(40, 2), prompt(9, 1)}
		var asks []*Ask
		for _, tokens := range texts {
			asks = append(asks, &Ask{Text: d.Open(tokens), Tokens: tokens, Max: 6})
		}
		require.Nil(t, d.Open(nil), "Open must return nil if all texts of the drafter are in use")
		for turn := range 5 {
			_, err := d.Write(asks)
			require.NoError(t, err)
			for i, a := range asks {
				want := greedy(t, m, a.Tokens, 6, 0)
				require.Equal(t, want, a.Draft, "%s, turn %d, text %d", name, turn, i)
				// A part of the draft is accepted, then another token follows.
				a.Tokens = append(append(slices.Clone(a.Tokens), a.Draft[:(turn+i)%7]...), int32(30+turn))
			}
		}
		for _, a := range asks {
			d.Release(a.Text)
		}
		tokens := asks[1].Tokens
		text := d.Open(tokens)
		require.Same(t, asks[1].Text, text, "the drafter must use a text whose tokens it has already read")
		_, err := d.Write([]*Ask{{Text: text, Tokens: tokens, Max: 1}})
		require.NoError(t, err)
		d.Release(text)
		d.Release(nil)
	}
}

// TestLongTexts checks that a long text is evaluated in pieces. Nothing is drafted before the whole
// text is evaluated, nor beyond the end of the context.
func TestLongTexts(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	d := start(t, m, Options{Ctx: 256, Texts: 2})
	long := &Ask{Tokens: prompt(250, 1), Max: 20}
	long.Text = d.Open(long.Tokens)
	short := &Ask{Tokens: prompt(4, 2), Max: 3}
	short.Text = d.Open(short.Tokens)
	for turn := range 3 {
		_, err := d.Write([]*Ask{short, long})
		require.NoError(t, err)
		require.Len(t, short.Draft, 3)
		require.Len(t, long.Draft, []int{0, 6, 6}[turn], "turn %d", turn)
	}
	require.Equal(t, greedy(t, m, long.Tokens, 6, 0), long.Draft)
	long.Tokens = append(long.Tokens, prompt(6, 3)...)
	_, err := d.Write([]*Ask{long})
	require.NoError(t, err)
	require.Empty(t, long.Draft, "nothing must be drafted if the context is full")
}

// TestSure checks that a draft ends before a token that is less probable than Sure.
func TestSure(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	lengths := map[int]bool{}
	for _, sure := range []float64{0.001, 0.01, 0.02, 0.05, 0.9} {
		d := start(t, m, Options{Ctx: 256, Texts: 1, Sure: sure})
		tokens := prompt(12, 5)
		a := &Ask{Text: d.Open(tokens), Tokens: tokens, Max: 10}
		_, err := d.Write([]*Ask{a})
		require.NoError(t, err)
		want := greedy(t, m, tokens, 10, sure)
		require.Equal(t, len(want), len(a.Draft))
		require.Equal(t, want, append([]int32(nil), a.Draft...))
		lengths[len(want)] = true
	}
	require.Greater(t, len(lengths), 1)
}

// TestCheck checks that a model drafts only for models of the same vocabulary.
func TestCheck(t *testing.T) {
	spm, bpe := load(t, testmodel.SPM(1)), load(t, testmodel.BPE(2))
	require.NoError(t, Check(load(t, testmodel.SPM(4)), spm))
	_, err := New(bpe, spm, Options{Ctx: 64, Texts: 1})
	require.ErrorContains(t, err, "its vocabulary differs from the model's: token 0 is ")
	recurrent := load(t, testmodel.Spec{Arch: &arch.Qwen35, Seed: 7, Dim: 32, BPE: true, Layers: 4}.Make())
	require.ErrorContains(t, Check(recurrent, bpe), "keep a text in one recurrent state")
	require.NoError(t, Check(bpe, recurrent))
}
