package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// TestFollow checks that the common prefix of several texts is evaluated once, even if it ends
// within a block and the texts are submitted together. The answers must stay the same.
func TestFollow(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	shared := greedy(m, strings.Repeat("the llama and ", 12), 6)
	common := len(shared.Prompt)
	require.NotZero(t, common%32, "the common prefix must end within a block")
	var requests []Request
	own := 0
	for i := range 6 {
		r := shared
		r.Prompt = append(slices.Clone(shared.Prompt), 100+int32(i), 101, 102)
		own += len(r.Prompt) - common
		requests = append(requests, r)
	}
	other := greedy(m, strings.Repeat("an old ", 10), 6) // its common prefix is too short to wait for
	requests = append(requests, other)
	var alone [][]int32
	for _, r := range requests {
		r.NoCache = true
		alone = append(alone, tokensOf(t, start(t, m, Options{Threads: 1}), []Request{r})[0])
	}
	for _, opt := range []Options{{Parallel: 7}, {Parallel: 7, Batch: 16}, {Parallel: 3}, {Parallel: 7, NoCache: true}, {Parallel: 7, Blocks: 9}} {
		opt.Threads = 1
		e := start(t, m, opt)
		require.Equal(t, alone, tokensOf(t, e, requests), "%+v", opt)
		s := e.Stats()
		all := int64(6*common + own + len(other.Prompt))
		require.Equal(t, all, s.PromptTokens+s.CachedTokens)
		if opt.Batch == 0 && !opt.NoCache && opt.Blocks == 0 {
			require.LessOrEqual(t, s.PromptTokens, int64(common+own+len(other.Prompt)), "%+v", opt)
		}
		if opt.NoCache {
			require.Zero(t, s.CachedTokens)
		}
	}
}

// tokensOf submits requests together and returns the tokens of each answer. No step begins
// before all are submitted.
func tokensOf(t *testing.T, e *Engine, requests []Request) [][]int32 {
	t.Helper()
	var streams []*Stream
	e.work.Lock()
	unlock := sync.OnceFunc(e.work.Unlock)
	defer unlock()
	for _, r := range requests {
		s, err := e.Submit(context.Background(), r)
		require.NoError(t, err)
		streams = append(streams, s)
	}
	unlock()
	list := make([][]int32, len(streams))
	for i, s := range streams {
		for token, ok := s.Next(); ok; token, ok = s.Next() {
			list[i] = append(list[i], token.ID)
		}
		require.NoError(t, s.Err())
		r := s.Results()[0]
		require.Equal(t, len(requests[i].Prompt), r.PromptTokens)
		require.Less(t, r.CachedTokens, r.PromptTokens, "the last token of a prompt must always be evaluated")
	}
	return list
}

// TestAnswers checks that a request may have more answers than Parallel, and gets all of them.
func TestAnswers(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	r := greedy(m, "the llama", 3)
	r.N = 5
	want := tokensOf(t, start(t, m, Options{Threads: 1, Parallel: 5}), []Request{r})
	e := start(t, m, Options{Threads: 1, Parallel: 2, Answers: 5})
	one := greedy(m, "an old", 3)
	got := tokensOf(t, e, []Request{one, r, one})
	require.ElementsMatch(t, want[0], got[1], "the answers must be the same, in any order")
	require.Equal(t, got[0], got[2])
	r.N = 6
	_, err := e.Submit(context.Background(), r)
	require.EqualError(t, err, "engine: 6 answers, must be between 1 and 5")
}
