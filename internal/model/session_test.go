package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"testing"

	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// variants are models that differ in what forward does.
func variants() map[string]shape {
	with := func(change func(*shape)) shape {
		s := small
		change(&s)
		return s
	}
	return map[string]shape{
		"plain":       small,
		"one layer":   with(func(s *shape) { s.layers = 1 }),
		"tied":        with(func(s *shape) { s.tied = true }),
		"biases":      with(func(s *shape) { s.biases = true }),
		"no sharing":  with(func(s *shape) { s.kvHeads = 4 }),
		"head sizes":  with(func(s *shape) { s.keyDim, s.valueDim = 24, 40 }),
		"odd columns": with(func(s *shape) { s.ffn = 172; s.heads, s.kvHeads = 8, 4 }),
		"window":      with(func(s *shape) { s.kv = []gguf.KV{{Key: "llama.attention.sliding_window", Value: gguf.U32(20)}} }),
		"experts":     with(func(s *shape) { s.experts, s.used = 4, 2 }),
		"llama 3":     with(func(s *shape) { s.ropeFactors = []float32{1, 1, 1.5, 2, 3, 4, 8, 8} }),
		"yarn": with(func(s *shape) {
			s.kv = []gguf.KV{{Key: "llama.rope.scaling.type", Value: gguf.Str("yarn")}, {Key: "llama.rope.scaling.factor", Value: gguf.F32(4)},
				{Key: "llama.rope.scaling.original_context_length", Value: gguf.U32(128)}}
		}),
		"linear":       with(func(s *shape) { s.kv = []gguf.KV{{Key: "llama.rope.scale_linear", Value: gguf.F32(2)}} }),
		"f16":          with(func(s *shape) { s.typ, s.down = quant.F16, quant.F16 }),
		"q4_0":         with(func(s *shape) { s.typ, s.down = quant.Q4_0, quant.Q8_0 }),
		"q4_0 and f16": with(func(s *shape) { s.typ, s.down = quant.Q4_0, quant.F16 }),
		"q4_k": with(func(s *shape) {
			s.dim, s.ffn, s.layers, s.typ, s.down = 256, 256, 1, quant.Q4_K, quant.Q6_K
		}),
		"q5_1 experts": with(func(s *shape) { s.typ, s.experts, s.used = quant.Q5_1, 4, 1 }),
	}
}

// allLogits evaluates tokens and returns the logits after each.
func allLogits(t testing.TB, s *model.Session, tokens []int32) []float32 {
	var all []float32
	require.NoError(t, s.EvalEach(context.Background(), tokens, 0, func(i int, logits []float32) error {
		require.Equal(t, len(all)/len(logits), i)
		all = append(all, logits...)
		return nil
	}))
	require.Equal(t, tokens, s.Tokens())
	return all
}

// hash of the bits of x.
func hash(x []float32) uint64 {
	h := fnv.New64a()
	for _, v := range x {
		b := math.Float32bits(v)
		h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})
	}
	return h.Sum64()
}

var update = flag.Bool("update", false, "rewrite testdata/logits.json")

// TestLogitsAreTheSameToTheBit compares all logits of all variants with hashes
// that hold for every CPU, kernel, number of threads and batch.
func TestLogitsAreTheSameToTheBit(t *testing.T) {
	const file = "testdata/logits.json"
	golden := map[string]string{}
	if data, err := os.ReadFile(file); !*update {
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &golden))
	}
	for name, shape := range variants() {
		t.Run(name, func(t *testing.T) {
			m := shape.load(t)
			tokens := shape.prompt(45)
			want := allLogits(t, session(t, m, model.SessionOptions{Threads: 1}), tokens)
			for _, x := range want {
				require.False(t, math.IsNaN(float64(x)))
			}
			for _, how := range []struct{ threads, batch int }{{1, 1}, {7, 3}, {2, 64}} {
				s := session(t, m, model.SessionOptions{Threads: how.threads, Batch: how.batch})
				require.Equal(t, hash(want), hash(allLogits(t, s, tokens)), "%d threads, batch %d", how.threads, how.batch)
			}
			// Eval gives the last of them, whichever way the prompt is cut.
			s := session(t, m, model.SessionOptions{Threads: 2, Batch: 16})
			_, err := s.Eval(context.Background(), tokens[:31], nil)
			require.NoError(t, err)
			logits, err := s.Eval(context.Background(), tokens[31:], nil)
			require.NoError(t, err)
			require.Equal(t, want[len(want)-shape.vocab:], logits)
			if *update {
				golden[name] = fmt.Sprintf("%016x", hash(want))
			}
			require.Equal(t, golden[name], fmt.Sprintf("%016x", hash(want)))
		})
	}
	if *update {
		data, err := json.MarshalIndent(golden, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(data, '\n'), 0o644))
	}
}

func TestCacheTypes(t *testing.T) {
	shape := small
	shape.keyDim, shape.valueDim = 32, 64
	m := shape.load(t)
	tokens := shape.prompt(50)
	exact := allLogits(t, session(t, m, model.SessionOptions{CacheK: new(quant.F32), CacheV: new(quant.F32)}), tokens)
	for _, test := range []struct {
		k, v      quant.Type
		tolerance float64
	}{{quant.F16, quant.F16, 0.02}, {quant.Q8_0, quant.Q8_0, 0.3}, {quant.Q8_0, quant.F32, 0.3}} {
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
	_, err = m.NewSession(model.SessionOptions{CacheV: new(quant.Q4_0)})
	require.ErrorContains(t, err, "Q4_0")
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

// TestShift: after a shift, later tokens see what they would have seen had the
// kept tokens been at their new positions: with one layer, whose keys and values
// depend on nothing but token and position, the same as a fresh evaluation.
func TestShift(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.Q8_0} {
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
		tolerance := map[quant.Type]float64{quant.F32: 1e-4, quant.F16: 0.01, quant.Q8_0: 0.2}[typ]
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
	require.Equal(t, 512, s.Ctx()) // the model's
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
	kv = append(kv[:1], kv[2:]...) // the first context_length
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
	require.Equal(t, []int{10, 20}, seen)
	require.Equal(t, 20, s.Pos())
	_, err = s.Eval(context.Background(), small.prompt(35)[20:], nil)
	require.NoError(t, err)

	stop := errors.New("enough")
	err = s.EvalEach(context.Background(), small.prompt(5), 3, func(i int, _ []float32) error {
		require.Equal(t, 3, i)
		return stop
	})
	require.ErrorIs(t, err, stop)
}

func TestSessionsShareAPool(t *testing.T) {
	m := small.load(t)
	p := ggml.NewPool(2, gguf.Guard)
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
	for _, name := range []string{"plain", "q4_k", "experts", "head sizes"} {
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
