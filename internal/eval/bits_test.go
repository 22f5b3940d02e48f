package eval_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/eval"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// noiseModel loads a small model with random weights of the given type.
func noiseModel(t testing.TB, typ quant.Type) *model.Model {
	f, err := gguf.Open(testmodel.SPM(3).As(typ).Write(t))
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// newSession starts a session that the test closes.
func newSession(t testing.TB, m *model.Model, opt model.SessionOptions) *model.Session {
	s, err := m.NewSession(opt)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// opener returns a function that starts sessions with m.
func opener(m *model.Model, opt model.SessionOptions) eval.Opener {
	return func() (eval.Session, error) { return m.NewSession(opt) }
}

// noiseText returns n tokens of the vocabulary.
func noiseText(n, vocab int) []int32 {
	text := make([]int32, n)
	x := uint32(1)
	for i := range text {
		x = x*1664525 + 1013904223
		text[i] = int32(x >> 8 % uint32(vocab))
	}
	return text
}

// TestSameBits checks that results have the same bits for any number of threads and any batch size.
// The bits below are the same on every architecture.
func TestSameBits(t *testing.T) {
	m, base := noiseModel(t, quant.F16), noiseModel(t, quant.F32)
	text := noiseText(200, m.Config.VocabSize)
	windows, err := eval.Policy{Context: 60}.Windows(text)
	require.NoError(t, err)
	for _, opt := range []model.SessionOptions{
		{Ctx: 60, Threads: 1}, {Ctx: 60, Threads: 2, Batch: 7}, {Ctx: 64, Threads: 3, Batch: 1}, {Ctx: 60, Threads: 5, Batch: 31},
	} {
		s := newSession(t, m, opt)
		alone, err := eval.MeasurePerplexity(context.Background(), s, windows, eval.Options{Threads: opt.Threads})
		require.NoError(t, err)
		require.Equal(t, uint64(0x408651ea0dee82b3), math.Float64bits(alone.PPL.Value), "PPL %v with %+v", alone.PPL, opt)
		got, err := eval.Compare(context.Background(), eval.NewBase(opener(base, opt), opt.Threads, nil), []eval.Opener{opener(m, opt)}, windows,
			eval.CompareOptions{Threads: opt.Threads})
		require.NoError(t, err)
		require.Equal(t, alone.PPL, got[0].PPL)
		require.Equal(t, uint64(0x3ec1dd8d9de4782b), math.Float64bits(got[0].KLD.Mean.Value), "KLD %v with %+v", got[0].KLD.Mean, opt)
	}
}
