package model_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// newRunner returns a runner that is closed at the end of the test.
func newRunner(t testing.TB, m *model.Model, opt model.RunnerOptions) *model.Runner {
	t.Helper()
	r, err := m.NewRunner(opt)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// text is a text that is being evaluated, with the logits that it gets when it is evaluated alone.
type text struct {
	seq    *model.Seq
	tokens []int32
	want   []float32 // [len(tokens), vocab], the logits of the text alone
}

// step evaluates a batch of the next rows of random texts. It compares the logits of random rows
// with text.want.
func step(t *testing.T, r *model.Runner, rng *rand.Rand, texts []*text, vocab int) {
	var b model.Batch
	type row struct {
		text *text
		pos  int
	}
	var wanted []row
	ahead := map[*text]int{}
	for b.Len() == 0 || rng.IntN(5) > 0 {
		x := texts[rng.IntN(len(texts))]
		for range 1 + rng.IntN(1+rng.IntN(20)) {
			pos := x.seq.Len() + ahead[x]
			if b.Len() == r.MaxRows() || pos == len(x.tokens) {
				break
			}
			logits := rng.IntN(2) == 0
			b.Add(x.seq, x.tokens[pos], logits)
			if ahead[x]++; logits {
				wanted = append(wanted, row{x, pos})
			}
		}
		if b.Len() == r.MaxRows() || !slices.ContainsFunc(texts, func(x *text) bool { return x.seq.Len()+ahead[x] < len(x.tokens) }) {
			break
		}
	}
	if b.Len() == 0 {
		return
	}
	require.NoError(t, r.Forward(context.Background(), &b))
	require.Equal(t, len(wanted), b.Wanted())
	require.NoError(t, r.EachLogits(b.Wanted(), func(i int, logits []float32) error {
		w := wanted[i]
		require.Equal(t, w.text.want[w.pos*vocab:(w.pos+1)*vocab], logits, "position %d", w.pos)
		return nil
	}))
}

// TestTextsDoNotNoticeEachOther checks that texts in common batches get the same bits as alone.
// Between the batches, texts are cut back, trimmed and forked.
func TestTextsDoNotNoticeEachOther(t *testing.T) {
	for name, shape := range variants() {
		if testing.Short() && name != "experts" && name != "window" && name != "q4_0" && name != "head sizes" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			m := shape.load(t)
			rng := rand.New(rand.NewPCG(5, uint64(len(name))))
			types := []quant.Type{quant.F16, quant.F32}
			if shape.withDefaults().keyDim%32 == 0 {
				types = append(types, quant.Q8_0, quant.Q5_1, quant.Q5_0, quant.Q4_1, quant.Q4_0)
			}
			k, v := types[rng.IntN(len(types))], types[rng.IntN(2)]
			r := newRunner(t, m, model.RunnerOptions{Batch: 40, Threads: 1 + rng.IntN(3), CacheK: &k, CacheV: &v})
			var texts []*text
			common := shape.prompt(40)
			for i := range 6 {
				x := &text{seq: r.NewSeq()}
				for range 45 + 8*i {
					x.tokens = append(x.tokens, rng.Int32N(int32(shape.vocab)))
				}
				copy(x.tokens, common[:rng.IntN(len(common)+1)])
				alone, err := m.NewSession(model.SessionOptions{Threads: 1, Batch: 64, CacheK: &k, CacheV: &v})
				require.NoError(t, err)
				x.want = allLogits(t, alone, x.tokens)
				alone.Close()
				texts = append(texts, x)
			}
			for range 60 {
				step(t, r, rng, texts, shape.vocab)
				switch x := texts[rng.IntN(len(texts))]; rng.IntN(5) {
				case 3:
					x.seq.Mark()
				case 4:
					x.seq.Trim()
				case 0:
					x.seq.Truncate(rng.IntN(x.seq.Len() + 1))
				case 1: // text x becomes a fork of another text, up to their common prefix
					y := texts[rng.IntN(len(texts))]
					n := 0
					for n < y.seq.Len() && n < len(x.tokens)-1 && y.tokens[n] == x.tokens[n] {
						n++
					}
					fork := y.seq.Fork(n)
					x.seq.Free()
					x.seq = fork
				}
			}
			for _, x := range texts {
				require.Equal(t, x.tokens[:x.seq.Len()], x.seq.Tokens())
				require.Equal(t, x.seq.Len(), x.seq.Exact())
				x.seq.Free()
			}
			require.Zero(t, r.Cache().Used())
		})
	}
}

// TestSharedBlocks checks that a text can continue in a block that it shares. The block is
// copied only if another text has already written after the text's end.
func TestSharedBlocks(t *testing.T) {
	m := small.load(t)
	r := newRunner(t, m, model.RunnerOptions{Threads: 1})
	eval := func(s *model.Seq, tokens ...int32) []float32 {
		var b model.Batch
		b.AddAll(s, tokens, 1)
		require.NoError(t, r.Forward(context.Background(), &b))
		logits, err := r.Logits(0, 1)
		require.NoError(t, err)
		return slices.Clone(logits)
	}
	prompt := small.prompt(40)
	a := r.NewSeq()
	eval(a, prompt...)
	require.Equal(t, 2, r.Cache().Used())
	b, c := a.Fork(40), a.Fork(35)
	require.Equal(t, 2, r.Cache().Used())
	require.Equal(t, 3, a.Block(1).Users())
	require.Zero(t, a.Needs(24)[model.Whole])
	require.Equal(t, 1, a.Needs(25)[model.Whole])
	require.Equal(t, 1, c.Needs(1)[model.Whole], "text a has written position 35, so c needs a copy of the block")
	var both model.Batch
	both.Add(a, 7, false)
	both.Add(b, 8, false)
	both.Add(c, 9, false)
	require.Equal(t, 2, both.Needs()[model.Whole], "one of the texts a and b writes into the shared block, and c copies it")
	want := eval(a, 7)
	require.Equal(t, 2, r.Cache().Used(), "text a writes where no other text has written")
	require.Equal(t, 1, b.Needs(1)[model.Whole])
	require.Equal(t, want, eval(b, 7))
	require.Equal(t, 3, r.Cache().Used())
	require.Equal(t, want, eval(c, append(slices.Clone(prompt[35:]), 7)...))
	require.Equal(t, 4, r.Cache().Used())

	// A shift does not change what other texts see. The moved tokens are no longer exact.
	before := eval(a, 9)
	a.Truncate(41)
	d := a.Fork(41)
	require.NoError(t, d.Shift(3, 20))
	require.Equal(t, 21, d.Len())
	require.Equal(t, 3, d.Exact())
	require.Equal(t, before, eval(a, 9))
	d.Truncate(3)
	require.Equal(t, 3, d.Exact())
	eval(d, 5)
	require.Equal(t, 4, d.Exact())

	// A text adopts blocks of other texts.
	e := r.NewSeq()
	require.NoError(t, e.Adopt(a.Block(0), nil, prompt[:32]))
	require.NoError(t, e.Adopt(a.Block(1), nil, prompt[32:38]))
	require.Error(t, e.Adopt(a.Block(1), nil, prompt[32:38]))
	require.Equal(t, want, eval(e, append(slices.Clone(prompt[38:]), 7)...))
	require.Error(t, r.NewSeq().Adopt(c.Block(1), nil, make([]int32, 12)), "a text must not adopt more tokens than it has")
	for _, s := range []*model.Seq{a, b, c, d, e} {
		s.Free()
	}
	require.Zero(t, r.Cache().Used())
}

func TestBadBatches(t *testing.T) {
	m := small.load(t)
	r, other := newRunner(t, m, model.RunnerOptions{Threads: 1, Batch: 4}), newRunner(t, m, model.RunnerOptions{Threads: 1})
	for want, add := range map[string]func(b *model.Batch){
		"no tokens":         func(*model.Batch) {},
		"must be at most 4": func(b *model.Batch) { b.AddAll(r.NewSeq(), small.prompt(5), 1) },
		"another runner":    func(b *model.Batch) { b.Add(other.NewSeq(), 1, true) },
		"token 100":         func(b *model.Batch) { b.Add(r.NewSeq(), 100, true) },
		"token -1":          func(b *model.Batch) { b.Add(r.NewSeq(), -1, true) },
	} {
		var b model.Batch
		add(&b)
		require.ErrorContains(t, r.Forward(context.Background(), &b), want)
	}
	_, err := r.Logits(0, 1)
	require.Error(t, err)
	require.Zero(t, r.Cache().Used())
	_, err = m.NewRunner(model.RunnerOptions{Blocks: -1})
	require.Error(t, err)
}
