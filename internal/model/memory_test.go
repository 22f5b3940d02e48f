package model

import (
	"testing"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"

	"github.com/stretchr/testify/require"
)

// TestScratchOfA7B checks that a session of a 7B model takes less than 64 MiB in addition to
// weights and cache.
func TestScratchOfA7B(t *testing.T) {
	for _, typ := range []quant.Type{quant.Q4_0, quant.Q4_K, quant.F16} {
		c := Config{Arch: "llama", TrainCtx: 4096, Dim: 4096, NumLayers: 1, VocabSize: 32000,
			Layers: []LayerConfig{{FFNDim: 11008, NumHeads: 32, NumKVHeads: 32, KeyDim: 128, ValueDim: 128}}, Rope: ggml.RopeParams{Dim: 128, Base: 10000}}
		rope, err := ggml.NewRope(c.Rope)
		require.NoError(t, err)
		w := &Weights{Layers: make([]Layer, 1)}
		w.Layers[0].AttnQ.W = matmul.Matrix{Type: typ, Rows: 4096, Cols: 4096}
		w.Output.W = matmul.Matrix{Type: quant.Q6_K, Rows: 32000, Cols: 4096}
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

// TestCacheOfGemma3 checks that a cache of 32768 tokens takes less than a quarter of the size
// that it would have without windows.
func TestCacheOfGemma3(t *testing.T) {
	for _, layers := range []int{18, 26, 34, 48} {
		c := Config{Arch: "gemma3", TrainCtx: 32768, Dim: 640, NumLayers: layers}
		for i := range layers {
			l := LayerConfig{FFNDim: 2048, NumHeads: 4, NumKVHeads: 1, KeyDim: 256, ValueDim: 256}
			if i%6 < 5 {
				l.Window = 512
				if layers > 26 {
					l.Window = 1024
				}
			}
			c.Layers = append(c.Layers, l)
		}
		cache, err := newCache(&c, c.TrainCtx, RunnerOptions{})
		require.NoError(t, err)
		m := &Model{Config: c}
		s := &Seq{model: m, cache: cache}
		for len(s.tokens) < c.TrainCtx {
			require.NoError(t, s.extend(DefaultBatch))
			s.tokens = append(s.tokens, make([]int32, DefaultBatch)...)
			s.Trim()
			held := 0
			for _, b := range s.parts[Recent].list {
				if b != nil {
					held++
				}
			}
			require.LessOrEqual(t, held, m.RecentBlocks(c.TrainCtx))
		}
		full := int64(cache.BlockBytes()) * int64(c.TrainCtx/BlockLen)
		t.Logf("%d layers: %.1f of %.1f MB", layers, float64(cache.Bytes())/1e6, float64(full)/1e6)
		require.Less(t, cache.Bytes(), full/4)
	}
}
