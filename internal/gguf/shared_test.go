package gguf

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// TestShared opens every GGUF file of the shared folder.
func TestShared(t *testing.T) { testFiles(t, sharedFiles(t)) }

func TestOwn(t *testing.T) { testFiles(t, []string{ownFile(t, 1000, 64)}) }

func testFiles(t *testing.T, paths []string) {
	for _, path := range paths {
		f, err := Open(path)
		require.NoError(t, err, path)
		arch, found, err := f.String("general.architecture")
		require.NoError(t, err, path)
		require.True(t, found && arch != "", path)
		require.NotEmpty(t, f.KV)
		require.NoError(t, f.Unchanged())
		require.NoError(t, f.Close())
		require.NoError(t, f.Close(), "Close may be called a second time")
	}
}

// sharedFiles returns the models and vocabularies of the shared folder.
func sharedFiles(t testing.TB) []string {
	dir := filepath.Dir(testshared.Path(t, "models/stories260K.gguf"))
	models, err := filepath.Glob(filepath.Join(dir, "*.gguf"))
	require.NoError(t, err)
	vocabs, err := filepath.Glob(filepath.Join(dir, "vocab", "*.gguf"))
	require.NoError(t, err)
	require.NotEmpty(t, vocabs)
	return append(models, vocabs...)
}

// ownFile writes a model that has one matrix in F16 and a vocabulary of the given number of tokens.
// It returns the file's path.
func ownFile(t testing.TB, tokens, cols int) string {
	texts, scores, types := make([]string, tokens), make([]float32, tokens), make([]int32, tokens)
	for i := range texts {
		texts[i], scores[i], types[i] = fmt.Sprintf("▁token%d", i), -float32(i), 1
	}
	path := filepath.Join(t.TempDir(), "own.gguf")
	w, err := Create(path, []KV{
		{"general.architecture", Str("llama")}, {"llama.block_count", U32(1)}, {"llama.rope.freq_base", F32(1e4)},
		{"tokenizer.ggml.tokens", Strs(texts)}, {"tokenizer.ggml.scores", F32s(scores)}, {"tokenizer.ggml.token_type", I32s(types)},
	}, []Tensor{{Name: "token_embd.weight", Type: quant.F16, Shape: []int{tokens, cols}}, {Name: "output_norm.weight", Type: quant.F32, Shape: []int{cols}}})
	require.NoError(t, err)
	defer w.Abort()
	require.NoError(t, w.WriteTensor("token_embd.weight", make([]byte, 2*tokens*cols)))
	require.NoError(t, w.WriteTensor("output_norm.weight", make([]byte, 4*cols)))
	require.NoError(t, w.Commit())
	return path
}
