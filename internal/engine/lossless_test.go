package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

// listen does what read does, and also returns the tokens of each answer.
func listen(s *Stream, n int) (said, [][]int32) {
	ids := make([][]int32, n)
	out := read(s, n)
	for i, lines := range out.Answers {
		for _, line := range lines {
			id, _, _ := strings.Cut(line, " ")
			n, _ := strconv.Atoi(id)
			ids[i] = append(ids[i], int32(n))
		}
	}
	return out, ids
}

// source says where the drafts of a test come from.
type source struct {
	name  string
	right int  // the percentage of guessed tokens that are right; -1: no tokens are guessed
	small bool // a small model drafts
	same  bool // the small model is the model itself
}

var sources = []source{
	{name: "lookup", right: -1},
	{name: "random", right: 0},
	{name: "half", right: 60},
	{name: "perfect", right: 100},
	{name: "small", right: -1, small: true},
	{name: "itself", right: -1, small: true, same: true},
}

// TestDraftsChangeNothing checks that drafts, whatever their source, change no token, no bit of
// a probability and no reason to end. It runs 500 random requests to models of many families,
// with all samplers and grammars, alone and together with others.
func TestDraftsChangeNothing(t *testing.T) {
	n, apart := 500, 1
	if testing.Short() { // on an emulated CPU, or without kernels
		n, apart = 18, 8
	}
	var models []testmodel.Named
	for i, named := range testmodel.Catalog() {
		if named.Spec.Arch != &arch.Qwen35 && i%apart == 0 { // Qwen35 is recurrent
			models = append(models, named)
		}
	}
	each := (n + len(models) - 1) / len(models)
	drafted, accepted := map[string]int64{}, map[string]int64{}
	requested := 0
	for seed, named := range models {
		m, small := load(t, named.Spec.Make()), named.Spec
		small.Seed = 77
		const ctx = 72
		rng := rand.New(rand.NewPCG(21, uint64(seed)))
		list, _ := requests(t, rng, m, each, ctx)
		plain := start(t, m, Options{Ctx: ctx, Threads: 1, Parallel: 4, Batch: 64, NoCache: true, Drafts: Drafts{Off: true}})
		want := make([]said, len(list))
		ids := make([][][]int32, len(list))
		for i := range list {
			list[i].MaxTokens = min(list[i].MaxTokens, 20)
			list[i].Prompt = list[i].Prompt[:min(len(list[i].Prompt), ctx-15)]
			if list[i].Shift {
				list[i].MaxTokens = 40
			}
			s, err := plain.Submit(context.Background(), list[i])
			require.NoError(t, err)
			want[i], ids[i] = listen(s, list[i].answers())
			list[i].Key = strconv.Itoa(i)
		}
		requested += len(list)
		for k, from := range sources {
			opt := Options{Ctx: ctx, Threads: 1 + k%2, Parallel: 1 + (seed+k)%4, Answers: 4, Queue: n, Batch: 64, Drafts: Drafts{Max: 1 + rng.IntN(12), Always: true}}
			if from.small {
				opt.Drafts.Model, opt.Drafts.Max = m, 1+rng.IntN(4)
				if !from.same {
					opt.Drafts.Model = load(t, small.Make())
				}
				opt.Drafts.NoLookup, opt.Drafts.NoForced = true, true
			}
			e := start(t, m, opt)
			if from.right >= 0 {
				guesses := rand.New(rand.NewPCG(22, uint64(seed)))
				e.guess = func(a *answer, n int) []int32 {
					i, _ := strconv.Atoi(a.group.req.Key)
					return guess(guesses, ids[i][a.index], a.result.GeneratedTokens, n, from.right, m.Config.VocabSize)
				}
			}
			var wait sync.WaitGroup
			got := make([]said, len(list))
			var mine []int
			for i := range list {
				if (i+seed)%len(sources) == k {
					mine = append(mine, i)
				}
			}
			for _, i := range mine {
				s, err := e.Submit(context.Background(), list[i])
				require.NoError(t, err)
				wait.Go(func() { got[i] = read(s, list[i].answers()) })
			}
			wait.Wait()
			for _, i := range mine {
				require.Equal(t, want[i], got[i], "%s, %s, request %d: %+v", named.Name, from.name, i, list[i])
			}
			stats := e.Stats()
			drafted[from.name] += stats.DraftTokens
			accepted[from.name] += stats.DraftAccepted
			var at int64
			for _, n := range stats.AcceptedAt {
				at += n
			}
			require.Equal(t, stats.DraftAccepted, at)
			requireFree(t, e)
		}
	}
	require.GreaterOrEqual(t, requested, n)
	t.Logf("drafted %v, right %v", drafted, accepted)
	require.GreaterOrEqual(t, 10*accepted["perfect"], 8*drafted["perfect"])
	if testing.Short() {
		return
	}
	for _, from := range sources {
		require.Positive(t, drafted[from.name], from.name)
		require.True(t, accepted[from.name] > 0 || from.right == 0, from.name)
	}
	require.Less(t, 5*accepted["random"], drafted["random"])
}

// guess returns at most n tokens to follow the first done tokens of a text. About
// right percent of them are the text's own tokens, and the others are random.
func guess(rng *rand.Rand, ids []int32, done, n, right, vocab int) []int32 {
	out := []int32{}
	for i := done; i < min(done+n, len(ids)); i++ {
		id := ids[i]
		if rng.IntN(100) >= right {
			id = rng.Int32N(int32(vocab))
		}
		out = append(out, id)
	}
	return out
}

// TestRecurrent checks that nothing is drafted for a recurrent model, whose evaluated tokens
// cannot be taken back.
func TestRecurrent(t *testing.T) {
	for _, named := range testmodel.Catalog() {
		if named.Spec.Arch != &arch.Qwen35 {
			continue
		}
		m := load(t, named.Spec.Make())
		require.True(t, m.Config.Recurrent())
		e := start(t, m, Options{Ctx: 120, Threads: 1, Parallel: 1, Drafts: Drafts{Model: load(t, testmodel.BPE(3)), Always: true}})
		_, err := e.Run(t.Context(), greedy(m, strings.Repeat("the llama ", 5), 30), nil)
		require.NoError(t, err)
		require.Zero(t, e.Stats().DraftTokens)
	}
}

// TestPerfectDrafts checks that a text whose drafts are all right takes few steps. A second
// request to the text must find all of it evaluated and get the same answer as without drafts.
func TestPerfectDrafts(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	req := greedy(m, "the llama and the alpaca was on a", 60)
	var want, more []string
	for _, opt := range []Options{{Drafts: Drafts{Off: true}}, {Drafts: Drafts{Model: m, NoLookup: true, Max: 15, Always: true}}} {
		opt.Threads, opt.Ctx, opt.Parallel = 1, 200, 1
		e := start(t, m, opt)
		text := e.NewText()
		var got []string
		emit := func(t Token) error { got = append(got, fmt.Sprint(t.ID, t.Text)); return nil }
		result, err := text.Run(t.Context(), req, emit)
		require.NoError(t, err)
		steps := e.Stats().Steps
		next := req
		next.Prompt = append(append([]int32(nil), text.Tokens()...), 5, 6, 7)
		again, err := text.Run(t.Context(), next, emit)
		require.NoError(t, err)
		require.Equal(t, len(next.Prompt)-3, again.CachedTokens)
		if opt.Drafts.Off {
			want = got
			continue
		}
		more = got
		require.Equal(t, result.DraftTokens, result.DraftAccepted, "the model drafts for itself, so all drafts must be right")
		require.LessOrEqual(t, steps, int64(6))
	}
	require.Equal(t, want, more)
}

// TestSmallModelFails checks the errors for small models that do not fit, and that a text continues
// beyond the context of the small model.
func TestSmallModelFails(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	_, err := New(m, Options{Ctx: 64, Drafts: Drafts{Model: load(t, testmodel.BPE(1))}})
	require.ErrorContains(t, err, "vocabulary differs")
	_, err = New(m, Options{Ctx: 64, Drafts: Drafts{Max: -1}})
	require.ErrorContains(t, err, "drafts of 0 to -1 tokens")

	small := load(t, testmodel.SPM(1).Set("llama.context_length", gguf.U32(40)))
	e := start(t, m, Options{Ctx: 120, Threads: 1, Parallel: 1, Drafts: Drafts{Model: small, NoLookup: true, Always: true}})
	req := greedy(m, "the llama", 80)
	r, err := e.Run(t.Context(), req, nil)
	require.NoError(t, err)
	require.Equal(t, 80, r.GeneratedTokens)
	require.Positive(t, r.DraftAccepted)
	require.Less(t, r.DraftAccepted, 40, "the small model must draft nothing after the end of its context")
	require.NotZero(t, e.MemoryStats().Cache)
}
