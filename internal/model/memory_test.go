package model

import (
	"testing"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// TestScratchOfA7B: the memory that a session of a model of that size takes
// beside its weights and cache.
func TestScratchOfA7B(t *testing.T) {
	for _, typ := range []quant.Type{quant.Q4_0, quant.Q4_K, quant.F16} {
		c := Config{Arch: "llama", TrainCtx: 4096, Dim: 4096, NumLayers: 1, VocabSize: 32000,
			Layers: []LayerConfig{{FFNDim: 11008, NumHeads: 32, NumKVHeads: 32, KeyDim: 128, ValueDim: 128}}, Rope: ggml.RopeParams{Dim: 128, Base: 10000}}
		rope, err := ggml.NewRope(c.Rope)
		require.NoError(t, err)
		w := &Weights{Layers: make([]Layer, 1)}
		w.Layers[0].AttnQ.W = quant.Matrix{Type: typ, Rows: 4096, Cols: 4096}
		w.Output.W = quant.Matrix{Type: quant.Q6_K, Rows: 32000, Cols: 4096}
		m := &Model{Config: c, Weights: w, ropes: ropes{rope}}
		s, err := m.NewSession(SessionOptions{Threads: 4})
		require.NoError(t, err)
		defer s.Close()
		stats := s.MemoryStats()
		t.Logf("%v: %.1f MB", typ, float64(stats.Scratch)/1e6)
		require.Less(t, stats.Scratch, int64(64<<20))
		require.Zero(t, stats.Cache)
	}
}
