package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
)

// TestLongRope checks that the length of the context selects one of two tables of frequency
// factors. The results must be those of a model that has the selected table alone.
func TestLongRope(t *testing.T) {
	if testing.Short() {
		t.Skip("TestLogitsAreTheSameToTheBit shows that emulated CPUs give the same bits as others")
	}
	const pairs, training = testmodel.HeadDim / 2, 256
	factors := func(step float32) []float32 {
		f := make([]float32, pairs)
		for i := range f {
			f[i] = 1 + step*float32(i)
		}
		return f
	}
	tensor := func(name string, f []float32) *testmodel.Tensor {
		return &testmodel.Tensor{Name: name, Type: quant.F32, Shape: []int{len(f)}, Data: f}
	}
	build := func(tensors ...*testmodel.Tensor) *testmodel.Model {
		m := testmodel.SPM(1).Set("llama.context_length", gguf.U32(1024)).
			Set("llama.rope.scaling.original_context_length", gguf.U32(training)).
			Set("llama.rope.scaling.attn_factor", gguf.F64(1.25))
		m.Tensors = append(m.Tensors, tensors...)
		return m
	}
	long, short := factors(0.5), factors(0.125)
	both := build(tensor("rope_factors_long.weight", long), tensor("rope_factors_short.weight", short)).
		Set("llama.rope.scaling.type", gguf.Str("longrope"))
	// The prompt has at least eight tokens.
	logits := func(m *testmodel.Model, ctx int) ([]float32, *model.Session) {
		loaded := open(t, m.Write(t))
		s := session(t, loaded, model.SessionOptions{Ctx: ctx, Threads: 1})
		out, err := s.Eval(t.Context(), loaded.Tokenizer.Encode("the alpaca was on a llama", true, false), nil)
		require.NoError(t, err)
		return out, s
	}
	wantShort, _ := logits(build(tensor("rope_freqs.weight", short)), training)
	wantLong, _ := logits(build(tensor("rope_freqs.weight", long)), training)
	require.NotEqual(t, wantShort, wantLong)
	for _, test := range []struct {
		ctx  int
		want []float32
	}{{64, wantShort}, {training, wantShort}, {training + 1, wantLong}, {0, wantLong}} {
		got, s := logits(both, test.ctx)
		require.Equal(t, test.want, got, "context %d", test.ctx)
		if test.ctx == 0 {
			require.Contains(t, s.Warning(), "frequency factors for long texts")
		} else if test.ctx <= training {
			require.Empty(t, s.Warning())
		}
	}

	_, err := openPath(both.Drop("rope_factors_long.weight").Write(t))
	require.ErrorContains(t, err, `has only one of the tensors "rope_factors_long.weight" and "rope_factors_short.weight"`)
	_, err = openPath(build(tensor("rope_factors_long.weight", make([]float32, pairs)), tensor("rope_factors_short.weight", short)).Write(t))
	require.ErrorContains(t, err, `tensor "rope_factors_long.weight": factor 0, must be positive`)
}

// TestLongRopeReference continues a text as llama.cpp 0.5.0 does.
func TestLongRopeReference(t *testing.T) {
	m := open(t, testshared.Path(t, "cases/longrope/longrope.gguf"))
	for _, ctx := range []int{0, 64, 300} {
		s := session(t, m, model.SessionOptions{Ctx: ctx, Threads: 1})
		tokens := m.Tokenizer.Encode("hello world hello", true, true)
		var text string
		for range 8 {
			logits, err := s.Eval(t.Context(), tokens, nil)
			require.NoError(t, err)
			tokens = []int32{argmax(logits)}
			text += m.Tokenizer.Piece(tokens[0], false)
		}
		require.Equal(t, "\xd6\x2a\x27\xd0\x16\x34\x20\x3b", text)
	}
}

// open opens a model that is closed at the end of the test.
func open(t *testing.T, path string) *model.Model {
	m, err := openPath(path)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func openPath(path string) (*model.Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := model.Load(f, model.LoadOptions{})
	if err != nil {
		f.Close()
	}
	return m, err
}
