package bench

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

func load(t *testing.T, f *gguf.File) *model.Model {
	t.Helper()
	m, err := model.Load(f, model.LoadOptions{NoTokenizer: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func small(t *testing.T) *model.Model {
	f, err := gguf.Open(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	return load(t, f)
}

func TestRun(t *testing.T) {
	var said []string
	r := Runner{Model: small(t), Repetitions: 3, Commit: "c0ffee",
		ReadBandwidth: func(int) float64 { return 1e9 },
		Progress:      func(what string) { said = append(said, what) }}
	defer func() { require.NoError(t, r.Close()) }()
	test := Test{Prompt: 8, Gen: 4, Depth: 3, Parallel: 1, Batch: 5, Threads: 2, CacheK: quant.F32, CacheV: quant.F16}
	result, err := r.Run(context.Background(), test)
	require.NoError(t, err)
	require.Len(t, result.Samples, 3)
	require.Equal(t, test, result.Test)
	require.Equal(t, []string{
		"pp8+tg4 @ d3: warm-up", "pp8+tg4 @ d3: 1 of 3", "pp8+tg4 @ d3: 2 of 3", "pp8+tg4 @ d3: 3 of 3",
	}, said)
	require.Equal(t, 15, r.texts[0].Len())
	for _, rate := range result.Rates() {
		require.Positive(t, rate)
	}

	// With several texts at once, the tokens of all of them count.
	test.Parallel = 6 // more than a batch of prompts
	several, err := r.Run(context.Background(), test)
	require.NoError(t, err)
	require.Len(t, r.texts, 6)
	for _, s := range r.texts {
		require.Equal(t, 15, s.Len())
	}
	require.Equal(t, 72.0, several.tokens())
	require.Equal(t, "pp8+tg4 x6 @ d3", several.Test.Name())
	test.Parallel = 1

	// For another number of threads, Run needs another model.Runner.
	test.Threads = 1
	_, err = r.Run(context.Background(), test)
	require.NoError(t, err)
	require.Equal(t, 1, r.runner.Threads())

	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = r.Run(cancelled, test)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDescribe(t *testing.T) {
	m := small(t)
	d := Describe(m)
	require.Equal(t, "llama 1M F32", d.Type)
	var matrices int64
	for i := range m.File.Tensors {
		if tensor := &m.File.Tensors[i]; len(tensor.Shape) == 2 && tensor.Name != "token_embd.weight" {
			matrices += tensor.Bytes
		}
	}
	require.Equal(t, matrices, d.Read)
	output := m.File.Tensor("output.weight")
	require.Equal(t, (matrices-output.Bytes)/4, d.MulAdds)
}

func TestSynthetic(t *testing.T) {
	f, err := Synthetic(t.Context(), "160m:Q4_0", 0)
	require.NoError(t, err)
	m := load(t, f)
	require.Equal(t, "llama 162M Q4_0", Describe(m).Type)
	s, err := m.NewSession(model.SessionOptions{Threads: 2})
	require.NoError(t, err)
	defer s.Close()
	logits, err := s.Eval(context.Background(), []int32{1}, nil)
	require.NoError(t, err)
	for _, x := range logits {
		require.False(t, x != x, "not a number")
	}
}

// TestSyntheticArchitectures makes a small model of each architecture.
func TestSyntheticArchitectures(t *testing.T) {
	for _, a := range arch.All() {
		require.True(t, slices.ContainsFunc(shapes, func(s shape) bool { return s.arch == a }), "no sizes of %s", a.Name)
		s := shape{a, "tiny", 64, 96, 2, 4, 2, 32, 100, true, 16, 0, moe{}, 0, 0}
		if a.FFN == nil {
			s.moe = moe{4, 2, 32, 96}
		}
		f, err := s.make(t.Context(), "tiny:f16", quant.F16, 0)
		require.NoError(t, err)
		m := load(t, f)
		require.Equal(t, a.Name+" 1M F16", Describe(m).Type)
		session, err := m.NewSession(model.SessionOptions{Threads: 1})
		require.NoError(t, err)
		logits, err := session.Eval(context.Background(), []int32{1, 2, 3}, nil)
		require.NoError(t, err)
		for _, x := range logits {
			require.False(t, x != x, "not a number")
		}
		require.NoError(t, session.Close())
	}
}

// TestSyntheticLayers makes a model with fewer layers than the published model has.
func TestSyntheticLayers(t *testing.T) {
	f, err := Synthetic(t.Context(), "160M@1:q4_0", 0)
	require.NoError(t, err)
	require.NotNil(t, f.Tensor("blk.0.attn_q.weight"))
	require.Nil(t, f.Tensor("blk.1.attn_q.weight"))
}

func TestSyntheticRefuses(t *testing.T) {
	tests := []struct{ spec, want string }{
		{"7B", "must be SIZE:TYPE"},
		{"7C:q4_0", "must be SIZE:TYPE"},
		{"7B:q9", "unknown type"},
		{"7B:iq1_s", "cannot hold"},
		{"7B:q4_0", "memory are free"},
		{"7B@33:q4_0", "must be between 1 and the 32 of 7B"},
		{"7B@none:q4_0", `of 7B, not "none"`},
	}
	for _, tt := range tests {
		_, err := Synthetic(t.Context(), tt.spec, 1<<30)
		require.ErrorContains(t, err, tt.want, tt.spec)
	}
}
