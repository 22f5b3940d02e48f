package model_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"

	"github.com/stretchr/testify/require"
)

// variants returns models for which forward runs different operations.
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
		// ffn is not a multiple of the block length of typ, so ffn_down has another type.
		"q8_0 and f32":  with(func(s *shape) { s.ffn, s.typ, s.down = 172, quant.Q8_0, quant.F32 }),
		"q4_k and q5_0": with(func(s *shape) { s.dim, s.ffn, s.layers, s.typ, s.down = 256, 288, 1, quant.Q4_K, quant.Q5_0 }),
		"q5_1 experts":  with(func(s *shape) { s.typ, s.experts, s.used = quant.Q5_1, 4, 1 }),
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

// hash returns a hash of the bits of x.
func hash(x []float32) uint64 {
	h := fnv.New64a()
	for _, v := range x {
		b := math.Float32bits(v)
		h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})
	}
	return h.Sum64()
}

var update = flag.Bool("update", false, "rewrite testdata/logits.json")

// TestLogitsAreTheSameToTheBit compares all logits of all variants with recorded hashes. They are
// the same for every CPU, kernel, number of threads and batch.
func TestLogitsAreTheSameToTheBit(t *testing.T) {
	const file = "testdata/logits.json"
	golden := map[string]string{}
	if !*update {
		golden = testshared.ReadJSON[map[string]string](t, file)
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
			// Eval returns the last logits. They do not depend on where the prompt is divided.
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
