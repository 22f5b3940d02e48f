package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// said holds the answers to a request in a comparable form.
type said struct {
	Answers [][]string // a line for each token: its ID, its text, the bits of its logprob, Top
	Reasons []Reason
	Stops   []string
	Err     string
}

// read reads a stream to its end.
func read(s *Stream, n int) said {
	out := said{Answers: make([][]string, n)}
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		line := fmt.Sprintf("%d %q %x", t.ID, t.Text, math.Float64bits(t.Logprob))
		for _, top := range t.Top {
			line += fmt.Sprintf(" %d:%x", top.ID, math.Float64bits(top.Logprob))
		}
		out.Answers[t.Index] = append(out.Answers[t.Index], line)
	}
	for _, r := range s.Results() {
		out.Reasons = append(out.Reasons, r.Reason)
		out.Stops = append(out.Stops, r.Stop)
	}
	if err := s.Err(); err != nil {
		out.Err = err.Error()
	}
	return out
}

// TestAloneOrTogether checks the main promise of this package: a request gets the same answer,
// with the same bits of every probability, under all conditions. It sends many requests alone
// and with others, with cached prefixes, with so little memory that texts are preempted, with
// and without drafts, and with steps of different sizes.
func TestAloneOrTogether(t *testing.T) {
	n := 240
	if testing.Short() {
		n = 35 // these are too few requests to be sure that some are preempted, some have cached prefixes, and some have drafts
	}
	models := []struct {
		name string
		spec testmodel.Spec
		typ  quant.Type
		kv   quant.Type
		with bool // with adapters
	}{
		{"llama", testmodel.Spec{Seed: 1, Dim: 32, KeyDim: 32}, quant.F32, quant.Q8_0, false},
		{"llama with a small cache", testmodel.Spec{Seed: 10, Dim: 64, KeyDim: 64}, quant.F32, quant.Q5_1, false},
		{"llama-bpe with a window", testmodel.Spec{Seed: 2, Dim: 32, BPE: true}, quant.F16, quant.F16, false},
		{"experts", testmodel.Spec{Seed: 3, Dim: 32, Experts: 4}, quant.F32, quant.F16, false},
		{"qwen3", testmodel.Spec{Arch: &arch.Qwen3, Seed: 4, Dim: 32, BPE: true}, quant.F32, quant.F32, false},
		{"gemma3", testmodel.Spec{Arch: &arch.Gemma3, Seed: 5, Dim: 32, Layers: 6, Window: 20}, quant.F32, quant.F16, false},
		{"lfm2", testmodel.Spec{Arch: &arch.LFM2, Seed: 6, Dim: 32, BPE: true, Layers: 3}, quant.F32, quant.F16, false},
		{"qwen35", testmodel.Spec{Arch: &arch.Qwen35, Seed: 7, Dim: 32, BPE: true, Layers: 4}, quant.F32, quant.F16, false},
		{"adapters", testmodel.Spec{Seed: 8, Dim: 32, Experts: 4}, quant.F16, quant.F16, true},
		{"gemma3 with adapters", testmodel.Spec{Arch: &arch.Gemma3, Seed: 9, Dim: 32, Layers: 6, Window: 20, Tied: true}, quant.F32, quant.F16, true},
	}
	preempted, accepted := int64(0), int64(0)
	for seed, tt := range models {
		name, m := tt.name, load(t, tt.spec.Make().As(tt.typ).Set("llama.attention.sliding_window", gguf.U32(uint32(seed%2*40))))
		const ctx = 160
		rng := rand.New(rand.NewPCG(1, uint64(seed)))
		list, cancelAfter := requests(t, rng, m, n/len(models), ctx)
		if tt.with {
			m = adapted(t, m)
			for i := range list {
				list[i].LoRA = [][]float32{nil, {0, 0}, {1, 0}, {0, -0.7}}[rng.IntN(4)]
			}
		}
		alone := start(t, m, Options{Ctx: ctx, Threads: 1, Parallel: 3, NoCache: true, Drafts: Drafts{Off: true}, CacheK: &tt.kv, CacheV: &tt.kv})
		var want []said
		for _, r := range list {
			s, err := alone.Submit(context.Background(), r)
			require.NoError(t, err)
			want = append(want, read(s, r.answers()))
		}
		options := []Options{
			{Ctx: ctx, Threads: 1, Parallel: 3},                                           // requests one after the other, with cached prefixes
			{Ctx: ctx, Threads: 2, Parallel: 3, Queue: n, Target: time.Nanosecond},        // prompts in small pieces
			{Ctx: ctx, Threads: 2, Parallel: 16, Queue: n, Blocks: 13, Batch: 50},         // hardly any memory
			{Ctx: ctx, Threads: 1, Parallel: 7, Queue: n, Blocks: 8, NoCache: true},       // the same, but without cached prefixes
			{Ctx: ctx, Threads: 2, Parallel: 5, Queue: n, Drafts: Drafts{Off: true}},      // one token a step
			{Ctx: ctx, Threads: 3, Parallel: 40, Queue: n, Target: time.Hour, Batch: 512}, // many requests at once, with large steps
		}
		if testing.Short() {
			options = options[2:4]
		}
		for _, opt := range options {
			opt.CacheK, opt.CacheV, opt.Drafts.Always = &tt.kv, &tt.kv, true
			t.Run(fmt.Sprintf("%s, %d at once, %d blocks", name, opt.Parallel, opt.Blocks), func(t *testing.T) {
				e := start(t, m, opt)
				var wait sync.WaitGroup
				got := make([]said, len(list))
				for i, r := range list {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					s, err := e.Submit(ctx, r)
					require.NoError(t, err)
					if opt.Queue == 0 {
						got[i] = read(s, r.answers())
						continue
					}
					wait.Go(func() {
						if after := cancelAfter[i]; after >= 0 {
							for range after {
								s.Next()
							}
							cancel()
							for ok := true; ok; _, ok = s.Next() {
							}
							return
						}
						got[i] = read(s, r.answers())
					})
				}
				wait.Wait()
				for i := range list {
					if opt.Queue == 0 || cancelAfter[i] < 0 {
						require.Equal(t, want[i], got[i], "request %d: %+v", i, list[i])
					}
				}
				stats := e.Stats()
				t.Logf("%d steps, %d rows, %d cached, %d preempted, %d of %d drafted", stats.Steps, stats.Rows, stats.CachedTokens,
					stats.Preemptions, stats.DraftAccepted, stats.DraftTokens)
				preempted += stats.Preemptions
				accepted += stats.DraftAccepted
				recurrent := m.Config.Recurrent() // such texts share no prefixes and cannot take tokens back
				if opt.Drafts.Off || recurrent {
					require.Zero(t, stats.DraftTokens)
				} else if !testing.Short() {
					require.Positive(t, stats.DraftTokens)
				}
				if !testing.Short() && !recurrent && !opt.NoCache && opt.Parallel == 3 { // with more answers at once, texts may share nothing
					require.Positive(t, stats.CachedTokens)
				}
				requireFree(t, e)
			})
		}
	}
	require.Positive(t, accepted)
	if !testing.Short() {
		require.Positive(t, preempted)
	}
}

// requireFree checks that only the prefix cache uses blocks, and that it can forget all of them.
func requireFree(t *testing.T, e *Engine) {
	t.Helper()
	e.work.Lock()
	defer e.work.Unlock()
	require.Empty(t, e.running)
	require.Empty(t, e.resting)
	nodes := 0
	if e.prefix != nil {
		nodes = e.prefix.count
	}
	require.LessOrEqual(t, e.runner.Cache().Used(), nodes)
	for e.forget(model.Blocks{1}) {
	}
	require.Zero(t, e.runner.Cache().Used())
	if e.prefix != nil {
		require.Zero(t, e.prefix.count)
		require.Empty(t, e.prefix.table)
	}
}
