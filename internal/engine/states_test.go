package engine

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// recurrent returns a model in which most layers keep one recurrent state for a text, instead of
// keys and values for each token.
func recurrent(t *testing.T) *model.Model {
	return load(t, testmodel.Spec{Arch: &arch.Qwen35, Seed: 7, Dim: 32, BPE: true, Layers: 4}.Make())
}

// numbered returns a prompt of n tokens that depend on seed.
func numbered(n int, seed int32) []int32 {
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = 10 + (seed*7+int32(i)*13)%90
	}
	return tokens
}

// A text of a recurrent model can continue only where a state was kept.
// TestRecurrentPrefixes checks these places: the end of an earlier prompt, the end
// of an earlier answer and, from the third text with the same beginning on, the last
// full block of that beginning. The answers must be the same as without a cache.
func TestRecurrentPrefixes(t *testing.T) {
	m := recurrent(t)
	e := start(t, m, Options{Ctx: 400, Parallel: 1, Threads: 2, Batch: 50})
	plain := start(t, m, Options{Ctx: 400, Parallel: 1, Threads: 1, NoCache: true})
	run := func(parts ...[]int32) (cached int, said []int32) {
		r := greedy(m, "", 12)
		r.Prompt, r.Sampling.IgnoreEOS = slices.Concat(parts...), true
		want := tokensOf(t, plain, []Request{r})[0]
		s, err := e.Submit(context.Background(), r)
		require.NoError(t, err)
		for token, ok := s.Next(); ok; token, ok = s.Next() {
			said = append(said, token.ID)
		}
		require.NoError(t, s.Err())
		require.Equal(t, want, said)
		return s.Results()[0].CachedTokens, said
	}
	head := numbered(70, 1)
	const whole = 70 / model.BlockLen * model.BlockLen
	first := slices.Concat(head, numbered(41, 2))
	cached, said := run(first)
	require.Zero(t, cached)
	cached, _ = run(first, said, numbered(9, 3))
	require.Equal(t, len(first)+len(said)-1, cached, "a text can continue after an earlier answer, except its last token, which was not evaluated")
	cached, _ = run(first, numbered(9, 4))
	require.Equal(t, len(first), cached, "a text can continue after an earlier prompt, without the answer")
	cached, _ = run(head, numbered(30, 5))
	require.Zero(t, cached, "the second text cannot continue where it diverges, because no state was kept there yet")
	cached, _ = run(head, numbered(30, 6))
	require.Equal(t, whole, cached, "from the third text on, a text can continue where others diverged")
	run(head, numbered(30, 6)[:29])
	cached, _ = run(head, numbered(30, 6)[:29])
	require.GreaterOrEqual(t, cached, whole, "the same prompt can be used again")
}

// TestFollowRecurrent submits texts together. They must wait for one text, which evaluates the
// common prefix and stops where the others diverge from it.
func TestFollowRecurrent(t *testing.T) {
	m := recurrent(t)
	common := numbered(75, 1)
	var requests []Request
	own := 0
	for i := range int32(5) {
		r := greedy(m, "", 6)
		r.Prompt = slices.Concat(common[:75-int(i%2)*10], numbered(6, 20+i))
		own += 6 + int(i%2)*10
		requests = append(requests, r)
	}
	var alone [][]int32
	for _, r := range requests {
		r.NoCache = true
		alone = append(alone, tokensOf(t, start(t, m, Options{Threads: 1}), []Request{r})[0])
	}
	for _, opt := range []Options{{Parallel: 5}, {Parallel: 5, Batch: 16}, {Parallel: 2}, {Parallel: 5, Blocks: 9}} {
		opt.Threads, opt.Ctx = 1, 200
		e := start(t, m, opt)
		require.Equal(t, alone, tokensOf(t, e, requests), "%+v", opt)
		s := e.Stats()
		if opt.Parallel == 5 && opt.Blocks == 0 {
			require.LessOrEqual(t, s.PromptTokens, int64(len(common)+own), "%+v", opt)
		}
	}
}

// TestStatesAreFew checks that the prefix cache keeps a bounded number of states. It must be able
// to free a block that two nodes share.
func TestStatesAreFew(t *testing.T) {
	m := recurrent(t)
	e := start(t, m, Options{Ctx: 128, Parallel: 1, Threads: 1, Blocks: 16})
	prompt := func(seed int32) Request {
		r := greedy(m, "", 8)
		r.Prompt = numbered(45, seed)
		return r
	}
	for seed := range int32(30) {
		tokensOf(t, e, []Request{prompt(seed)})
		e.work.Lock()
		require.LessOrEqual(t, e.prefix.states.count, e.prefix.states.most)
		e.work.Unlock()
	}
	count := 0
	e.work.Lock()
	for n := e.prefix.oldest.next; n != &e.prefix.oldest; n = n.next {
		if n.state != nil {
			count++
		}
	}
	require.Equal(t, e.prefix.states.count, count)
	e.work.Unlock()
	require.Positive(t, count)
	long := greedy(m, strings.Repeat("a", 1), 1)
	long.Prompt = numbered(120, 99) // needs nearly all blocks
	tokensOf(t, e, []Request{long})
	e.work.Lock()
	defer e.work.Unlock()
	for e.prefix.evict() {
	}
	require.Zero(t, e.prefix.count)
	require.Zero(t, e.runner.Cache().Used())
	require.Zero(t, e.prefix.states.count)
}
