package model_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

func TestCacheTypes(t *testing.T) {
	shape := small
	shape.keyDim, shape.valueDim = 32, 64
	m := shape.load(t)
	tokens := shape.prompt(50)
	exact := allLogits(t, session(t, m, model.SessionOptions{CacheK: new(quant.F32), CacheV: new(quant.F32)}), tokens)
	for _, test := range []struct {
		k, v      quant.Type
		tolerance float64
	}{{quant.F16, quant.F16, 0.02}, {quant.Q8_0, quant.Q8_0, 0.3}, {quant.Q8_0, quant.F32, 0.3},
		{quant.Q5_1, quant.Q5_1, 1}, {quant.Q5_0, quant.Q5_0, 1}, {quant.Q4_1, quant.Q4_1, 1.5}, {quant.Q4_0, quant.Q4_0, 1.5}} {
		got := allLogits(t, session(t, m, model.SessionOptions{CacheK: &test.k, CacheV: &test.v}), tokens)
		require.NotEqual(t, exact, got)
		for i := range got {
			require.InDelta(t, exact[i], got[i], test.tolerance)
		}
		batches := allLogits(t, session(t, m, model.SessionOptions{CacheK: &test.k, CacheV: &test.v, Batch: 7, Threads: 3}), tokens)
		require.Equal(t, got, batches)
	}
	_, err := small.load(t).NewSession(model.SessionOptions{CacheK: new(quant.Q8_0)})
	require.ErrorContains(t, err, "multiple of 32")
	_, err = m.NewSession(model.SessionOptions{CacheV: new(quant.Q4_K)})
	require.ErrorContains(t, err, "Q4_K")
}

func TestTruncate(t *testing.T) {
	m := small.load(t)
	s := session(t, m, model.SessionOptions{})
	tokens := small.prompt(60)
	want := allLogits(t, s, tokens)
	s.Truncate(33)
	require.Equal(t, 33, s.Pos())
	_, err := s.Eval(context.Background(), []int32{1, 2, 3}, nil)
	require.NoError(t, err)
	s.Truncate(33)
	logits, err := s.Eval(context.Background(), tokens[33:], nil)
	require.NoError(t, err)
	require.Equal(t, want[59*small.vocab:], logits)
	s.Truncate(1000)
	require.Equal(t, 60, s.Pos())
	s.Truncate(-1)
	require.Zero(t, s.Pos())
}

// TestShift checks that tokens after a shift see the kept tokens at their new positions. The
// model has one layer, so keys and values depend only on token and position. The result must be
// close to that of a fresh evaluation.
func TestShift(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.Q8_0, quant.Q5_1, quant.Q4_0} {
		shape := small
		shape.layers, shape.keyDim, shape.valueDim = 1, 32, 32
		m := shape.load(t)
		opt := model.SessionOptions{CacheK: &typ, CacheV: &typ}
		tokens := shape.prompt(100)
		s := session(t, m, opt)
		_, err := s.Eval(context.Background(), tokens, nil)
		require.NoError(t, err)
		require.NoError(t, s.Shift(5, 37))
		kept := append(append([]int32(nil), tokens[:5]...), tokens[42:]...)
		require.Equal(t, kept, s.Tokens())
		got, err := s.Eval(context.Background(), []int32{7}, nil)
		require.NoError(t, err)
		want, err := session(t, m, opt).Eval(context.Background(), append(kept, 7), nil)
		require.NoError(t, err)
		tolerance := map[quant.Type]float64{quant.F32: 1e-4, quant.F16: 0.01, quant.Q8_0: 0.2, quant.Q5_1: 0.8, quant.Q4_0: 1.6}[typ]
		for i := range want {
			require.InDelta(t, want[i], got[i], tolerance, "%v", typ)
		}
		require.NoError(t, s.Shift(0, 0))
		require.Error(t, s.Shift(-1, 3))
		require.Error(t, s.Shift(60, 10))
	}
}

func TestContext(t *testing.T) {
	m := small.load(t)
	s := session(t, m, model.SessionOptions{})
	require.Equal(t, 512, s.Ctx()) // the model's training context
	require.Empty(t, s.Warning())
	s = session(t, m, model.SessionOptions{Ctx: 600})
	require.Contains(t, s.Warning(), "600")
	require.Contains(t, s.Warning(), "512")

	s = session(t, m, model.SessionOptions{Ctx: 40})
	_, err := s.Eval(context.Background(), small.prompt(41), nil)
	var full *model.ContextError
	require.ErrorAs(t, err, &full)
	require.Equal(t, model.ContextError{Pos: 0, New: 41, Ctx: 40}, *full)
	require.ErrorContains(t, err, "41 tokens do not fit the context of 40")
	_, err = s.Eval(context.Background(), small.prompt(40), nil)
	require.NoError(t, err)
	_, err = s.Eval(context.Background(), []int32{1}, nil)
	require.ErrorContains(t, err, "1 tokens after 40")
	require.Equal(t, 40, s.Pos())

	for _, bad := range []model.SessionOptions{{Ctx: -1}, {Ctx: model.MaxCtx + 1}, {Batch: -1}, {Threads: -1}, {Threads: 10000}} {
		_, err := m.NewSession(bad)
		require.Error(t, err, "%+v", bad)
	}
	for _, tokens := range [][]int32{nil, {-1}, {100}, {1, 1 << 30}} {
		_, err := session(t, m, model.SessionOptions{}).Eval(context.Background(), tokens, nil)
		require.Error(t, err, "%v", tokens)
	}
}

func TestDefaultContextIsCapped(t *testing.T) {
	shape := small
	shape.kv = []gguf.KV{{Key: "llama.context_length", Value: gguf.U32(1 << 20)}}
	s := shape.withDefaults()
	kv := s.metadata()
	kv = append(kv[:1], kv[2:]...) // removes the first context_length
	file := t.TempDir() + "/long.gguf"
	writeFile(t, file, kv, s.tensors())
	require.Equal(t, model.DefaultCtx, session(t, loadNoise(t, file), model.SessionOptions{}).Ctx())
}

func TestProgressAndCancel(t *testing.T) {
	m := small.load(t)
	s := session(t, m, model.SessionOptions{Batch: 10})
	ctx, cancel := context.WithCancel(context.Background())
	var seen []int
	_, err := s.Eval(ctx, small.prompt(35), func(done, total int) {
		require.Equal(t, 35, total)
		if seen = append(seen, done); done == 20 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []int{5, 10, 15, 20}, seen) // small has two layers
	require.Equal(t, 20, s.Pos())
	_, err = s.Eval(context.Background(), small.prompt(35)[20:], nil)
	require.NoError(t, err)

	// A batch that is cancelled leaves no tokens in the session.
	s = session(t, m, model.SessionOptions{})
	_, err = s.Eval(&cancelledAt{context.Background(), 1}, small.prompt(35), nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 0, s.Pos())
	again, err := s.Eval(context.Background(), small.prompt(35), nil)
	require.NoError(t, err)
	fresh, err := session(t, m, model.SessionOptions{}).Eval(context.Background(), small.prompt(35), nil)
	require.NoError(t, err)
	require.Equal(t, fresh, again)

	stop := errors.New("enough")
	err = s.EvalEach(context.Background(), small.prompt(5), 3, func(i int, _ []float32) error {
		require.Equal(t, 3, i)
		return stop
	})
	require.ErrorIs(t, err, stop)
}

// cancelledAt is a context that is cancelled after looks calls of Err.
type cancelledAt struct {
	context.Context
	looks int
}

func (c *cancelledAt) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

func TestSessionsShareAPool(t *testing.T) {
	m := small.load(t)
	p := pool.New(2, gguf.Guard)
	defer p.Close()
	want := hash(allLogits(t, session(t, m, model.SessionOptions{}), small.prompt(40)))
	done := make(chan uint64)
	for range 3 {
		go func() {
			s, err := m.NewSession(model.SessionOptions{Pool: p})
			if err != nil {
				done <- 0
				return
			}
			defer s.Close()
			var all []float32
			s.EvalEach(context.Background(), small.prompt(40), 0, func(_ int, logits []float32) error {
				all = append(all, logits...)
				return nil
			})
			done <- hash(all)
		}()
	}
	for range 3 {
		require.Equal(t, want, <-done)
	}
}

func TestATokenAllocatesNothing(t *testing.T) {
	for _, name := range []string{"plain", "q4_k", "q4_k and q5_0", "experts", "head sizes"} {
		m := variants()[name].load(t)
		s := session(t, m, model.SessionOptions{Threads: 2})
		tokens := []int32{5}
		_, err := s.Eval(context.Background(), small.prompt(40), nil)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(20, func() { // within the block of positions 32 to 63
			s.Truncate(40)
			if _, err := s.Eval(context.Background(), tokens, nil); err != nil {
				t.Error(err)
			}
		}), name)
	}
}

// TestATokenAllocatesNothingAnywhere does what TestATokenAllocatesNothing does, for every
// architecture.
func TestATokenAllocatesNothingAnywhere(t *testing.T) {
	for _, named := range testmodel.Catalog() {
		m := loadPath(t, named.Spec.Make().Write(t))
		s := session(t, m, model.SessionOptions{Threads: 2})
		tokens := []int32{5}
		_, err := s.Eval(context.Background(), slices.Repeat([]int32{7, 8, 9, 10}, 10), nil)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(20, func() { // within the block of positions 32 to 63
			if _, err := s.Eval(context.Background(), tokens, nil); err != nil {
				t.Error(err)
			}
		}), named.Name)
	}
}

func TestNaNWeightsAreNoPanic(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.Q4_0} {
		shape := small
		shape.typ = typ
		s := shape.withDefaults()
		tensors := s.tensors()
		for _, tensor := range tensors {
			if tensor.Name == "blk.0.ffn_up.weight" || tensor.Name == "blk.1.attn_k.weight" {
				for i := range tensor.Data {
					tensor.Data[i] = 0xff
				}
			}
		}
		path := t.TempDir() + "/nan.gguf"
		writeFile(t, path, s.metadata(), tensors)
		logits, err := session(t, loadNoise(t, path), model.SessionOptions{}).Eval(context.Background(), shape.prompt(40), nil)
		require.NoError(t, err)
		require.True(t, math.IsNaN(float64(logits[0])))
	}
}
