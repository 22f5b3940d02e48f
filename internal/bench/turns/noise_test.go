package main

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/bench"
	"alpaca/internal/gguf"
)

// TestNoise checks that the file has the model that Synthetic makes, and that the file says that
// the model has no vocabulary.
func TestNoise(t *testing.T) {
	const spec = "granite-1B-A400M@1:q4_0"
	dir := t.TempDir()
	require.NoError(t, run(t.Context(), io.Discard, []string{"-noise", dir, spec}))
	f, err := gguf.Open(filepath.Join(dir, "granite-1B-A400M@1-q4_0.gguf"))
	require.NoError(t, err)
	defer f.Close()
	want, err := bench.Synthetic(t.Context(), spec, 0)
	require.NoError(t, err)
	require.Len(t, f.Tensors, len(want.Tensors))
	for i := range want.Tensors {
		require.Equal(t, want.Tensors[i].Name, f.Tensors[i].Name)
		require.Equal(t, want.Tensors[i].Shape, f.Tensors[i].Shape)
	}
	require.Equal(t, append(want.KV, gguf.KV{Key: "tokenizer.ggml.model", Value: gguf.Str("none")}), f.KV)
	require.ErrorContains(t, run(t.Context(), io.Discard, []string{"-noise", dir, "9B:q4_0"}), "9B")
}
