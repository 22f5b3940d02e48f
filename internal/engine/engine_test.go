package engine

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// load returns a small model that is closed at the end of the test.
func load(t testing.TB, m *testmodel.Model) *model.Model {
	t.Helper()
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	loaded, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

// start returns an engine that is closed at the end of the test.
func start(t testing.TB, m *model.Model, opt Options) *Engine {
	t.Helper()
	e, err := New(m, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// greedy returns a request for n tokens at temperature 0.
func greedy(m *model.Model, prompt string, n int) Request {
	p := sampler.DefaultParams()
	p.Temp, p.IgnoreEOS = 0, true
	return Request{Prompt: m.Tokenizer.Encode(prompt, true, false), MaxTokens: n, Sampling: p}
}

// TestCachedTokens checks that the longest cached prefix of a prompt is not evaluated again,
// even if it ends within a block.
func TestCachedTokens(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1})
	run := func(req Request) Result {
		t.Helper()
		r, err := e.Run(context.Background(), req, nil)
		require.NoError(t, err)
		return r
	}
	long := greedy(m, strings.Repeat("the llama and ", 12), 20)
	n := len(long.Prompt)
	require.Greater(t, n, 40)
	r := run(long)
	require.Equal(t, []int{n, 0, n}, []int{r.PromptTokens, r.CachedTokens, r.Evaluated()})
	r = run(long)
	require.Equal(t, n-1, r.CachedTokens, "the last token of a prompt must be evaluated, because its logits are needed")

	// The generated tokens are cached, too.
	var said []int32
	_, err := e.Run(context.Background(), long, func(t Token) error { said = append(said, t.ID); return nil })
	require.NoError(t, err)
	more := long
	more.Prompt = append(append(slices.Clone(long.Prompt), said...), 5, 6)
	require.Equal(t, n+19, run(more).CachedTokens, "the last generated token was not evaluated, so it is not cached")

	// Only the first keep tokens of each prompt are those of the cached text.
	for _, keep := range []int{0, 1, 31, 32, 33, 40} {
		other := long
		other.Prompt = append(slices.Clone(long.Prompt[:keep]), 100+int32(keep), 101, 102)
		require.Equal(t, keep, run(other).CachedTokens)
	}
	other := long
	other.Salt = "somebody else"
	require.Zero(t, run(other).CachedTokens)
	other.Salt, other.NoCache = "", true
	require.Zero(t, run(other).CachedTokens)
}

// TestSlowReader checks that a request pauses while nobody reads it, and that other requests
// continue.
func TestSlowReader(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Parallel: 2})
	slow := greedy(m, "the llama", 100)
	slow.Window = 5
	s, err := e.Submit(context.Background(), slow)
	require.NoError(t, err)
	for range 3 {
		_, err := e.Run(context.Background(), greedy(m, "a llama and", 50), nil)
		require.NoError(t, err)
	}
	s.mu.Lock()
	require.LessOrEqual(t, len(s.tokens), 5)
	s.mu.Unlock()
	require.Len(t, read(s, 1).Answers[0], 100)
}

// TestSteps checks that Run evaluates a token only when the reader wants it.
func TestSteps(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1})
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	req := greedy(m, "the llama", 100)
	req.Sampling.LogitBias = map[int32]float32{300: 100} // a whole character, so nothing is held back
	r, err := e.Run(ctx, req, func(Token) error {
		if n++; n == 7 {
			cancel()
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, 7, n)
	require.Equal(t, Interrupt, r.Reason)
	require.Equal(t, 7, r.GeneratedTokens)

	broken := errors.New("broken")
	n = 0
	_, err = e.Run(context.Background(), req, func(Token) error { n++; return broken })
	require.ErrorIs(t, err, broken)
	require.Equal(t, 1, n)
}

func TestRefused(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Ctx: 20, Parallel: 1, Queue: 2})
	for want, change := range map[string]func(*Request){
		"no tokens":                          func(r *Request) { r.Prompt = nil },
		"which is not in the vocabulary":     func(r *Request) { r.Prompt[1] = 1 << 20 },
		"an empty stop string":               func(r *Request) { r.Stop = []string{"a", ""} },
		"2 answers, must be between 1 and 1": func(r *Request) { r.N = 2 },
		"-1 answers":                         func(r *Request) { r.N = -1 },
		"top_p 2: must be between 0 and 1":   func(r *Request) { r.Sampling.TopP = 2 },
		"longer than the context of 20":      func(r *Request) { r.Prompt = make([]int32, 21) },
	} {
		r := greedy(m, "the llama", 1)
		change(&r)
		_, err := e.Submit(context.Background(), r)
		require.ErrorContains(t, err, want)
	}
	for want, opt := range map[string]Options{
		"Parallel is -1":        {Parallel: -1},
		"too few for a context": {Blocks: 2},
		"context of -1":         {Ctx: -1},
		"threads, must be":      {Threads: -1},
		"Queue is -2":           {Queue: -2},
		"use f32, f16":          {CacheK: new(quant.Q4_K)},
	} {
		_, err := New(m, opt)
		require.ErrorContains(t, err, want)
	}

	// The queue is short: one request is answered, two wait, the others are refused.
	busy := greedy(m, "the llama", -1)
	busy.Window, busy.Shift = 1, true
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first, err := e.Submit(ctx, busy)
	require.NoError(t, err)
	first.Next()
	waiting := make([]*Stream, 2)
	for i := range waiting {
		waiting[i], err = e.Submit(ctx, greedy(m, "a", 1))
		require.NoError(t, err)
	}
	_, err = e.Submit(ctx, greedy(m, "a", 1))
	require.ErrorIs(t, err, ErrQueueFull)

	// Cancelling a waiting request makes room.
	waiting[0].Cancel()
	require.Equal(t, []Reason{Interrupt}, read(waiting[0], 1).Reasons)
	again, err := e.Submit(ctx, greedy(m, "a", 1))
	require.NoError(t, err)
	cancel()
	for _, s := range []*Stream{first, waiting[1], again} {
		require.Equal(t, []Reason{Interrupt}, read(s, 1).Reasons)
	}
}

func TestDrainAndClose(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	before := runtime.NumGoroutine()
	e, err := New(m, Options{Threads: 2, Parallel: 1})
	require.NoError(t, err)
	var streams []*Stream
	for range 3 {
		s, err := e.Submit(context.Background(), greedy(m, "the llama", 30))
		require.NoError(t, err)
		streams = append(streams, s)
	}
	require.NoError(t, e.Drain(context.Background()))
	_, err = e.Submit(context.Background(), greedy(m, "the llama", 30))
	require.ErrorIs(t, err, ErrClosed)
	for _, s := range streams {
		require.Len(t, read(s, 1).Answers[0], 30)
	}
	require.NoError(t, e.Close())

	// Close is called while a request is being answered.
	e, err = New(m, Options{Threads: 1, Parallel: 1})
	require.NoError(t, err)
	endless := greedy(m, "the llama", -1)
	endless.Shift, endless.Window = true, 3
	running, err := e.Submit(context.Background(), endless)
	require.NoError(t, err)
	running.Next()
	several := greedy(m, "the llama", 3)
	waiting, err := e.Submit(context.Background(), several)
	require.NoError(t, err)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, e.Drain(gone), context.Canceled)
	require.NoError(t, e.Close())
	require.Equal(t, ErrClosed.Error(), read(running, 1).Err)
	require.Equal(t, ErrClosed.Error(), read(waiting, 1).Err)
	require.NoError(t, e.Close(), "again")

	// No goroutine may be left.
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}

// TestText checks that a text keeps its tokens between requests, even after a shift.
func TestText(t *testing.T) {
	m := load(t, testmodel.SPM(1))
	e := start(t, m, Options{Threads: 1, Parallel: 1, Ctx: 64, NoCache: true})
	text := e.NewText()
	req := greedy(m, "the llama and the llama", 10)
	req.Text = text
	n := len(req.Prompt)
	r, err := e.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Zero(t, r.CachedTokens)
	require.Equal(t, n+9, text.Len())
	req.Prompt = append(slices.Clone(text.Tokens()), 9)
	r, err = e.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Equal(t, n+9, r.CachedTokens)

	req.MaxTokens = 100
	req.Full = func(m Movable) (bool, error) { return true, m.Shift(4, 30) }
	r, err = e.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Equal(t, Length, r.Reason)
	require.True(t, r.Shifted)
	moved := slices.Clone(text.Tokens())
	req.Prompt, req.MaxTokens = append(moved, 9), 1
	r, err = e.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Equal(t, len(moved), r.CachedTokens)
	text.Truncate(0)
	requireFree(t, e)
}
