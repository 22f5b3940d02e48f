package tokenizer

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
)

// writeVocab writes and opens a file with the keys of a vocabulary. Each of the further
// entries replaces the vocabulary's entry with the same key, or removes it if the value is
// empty.
func writeVocab(t *testing.T, v Vocab, with ...gguf.KV) *gguf.File {
	t.Helper()
	kv := []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str("llama")},
		{Key: "tokenizer.ggml.model", Value: gguf.Str(v.Model)},
		{Key: "tokenizer.ggml.pre", Value: gguf.Str(v.Pre)},
		{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(v.Tokens)},
		{Key: "tokenizer.ggml.scores", Value: gguf.F32s(v.Scores)},
		{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(v.Types)},
		{Key: "tokenizer.ggml.merges", Value: gguf.Strs(v.Merges)},
	}
	for _, w := range with {
		kv = slices.DeleteFunc(kv, func(old gguf.KV) bool { return old.Key == w.Key })
		if w.Value.Len() > 0 {
			kv = append(kv, w)
		}
	}
	path := filepath.Join(t.TempDir(), "vocab.gguf")
	w, err := gguf.Create(path, kv, nil)
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	f, err := gguf.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFromGGUF(t *testing.T) {
	for _, v := range []Vocab{smallSPM(1), smallBPE(1)} {
		want := mustNew(t, v)
		got, err := FromGGUF(writeVocab(t, v), Options{})
		require.NoError(t, err)
		require.Equal(t, want.Encode("xy x!é<|e", true, true), got.Encode("xy x!é<|e", true, true))
		require.Equal(t, want.tokens, got.tokens)
		require.Equal(t, want.types, got.types)
		require.Equal(t, want.Special(), got.Special())

		got, err = FromGGUF(writeVocab(t, v,
			gguf.KV{Key: "tokenizer.ggml.bos_token_id", Value: gguf.U32(7)},
			gguf.KV{Key: "tokenizer.ggml.eot_token_id", Value: gguf.U64(8)},
			gguf.KV{Key: "tokenizer.ggml.seperator_token_id", Value: gguf.I32(9)},
			gguf.KV{Key: "tokenizer.ggml.eos_token_id", Value: gguf.U32(1 << 31)},
			gguf.KV{Key: "tokenizer.ggml.add_bos_token", Value: gguf.Bool(true)},
			gguf.KV{Key: "tokenizer.ggml.add_space_prefix", Value: gguf.Bool(false)},
		), Options{})
		require.NoError(t, err)
		require.Equal(t, int32(7), got.BOS())
		require.Equal(t, int32(8), got.EOT())
		require.Equal(t, int32(9), got.Special().Separator)
		require.Equal(t, want.EOS(), got.EOS())
		require.Len(t, got.Warnings(), 1)
		require.True(t, got.AddBOS())
		x, _ := got.ID("x")
		require.Equal(t, []int32{7, x}, got.Encode("x", true, false))
	}
}

func TestFromBadGGUF(t *testing.T) {
	remove := func(key string) gguf.KV { return gguf.KV{Key: key} }
	tests := []struct {
		name string
		v    Vocab
		with gguf.KV
		want string
	}{
		{"no model", smallSPM(1), remove("tokenizer.ggml.model"), "names no tokenizer model"},
		{"model is a number", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.model", Value: gguf.U32(1)}, `"tokenizer.ggml.model"`},
		{"no tokens", smallSPM(1), remove("tokenizer.ggml.tokens"), "vocabulary is empty"},
		{"tokens are numbers", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.tokens", Value: gguf.I32s([]int32{1})}, `"tokenizer.ggml.tokens"`},
		{"few scores", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.scores", Value: gguf.F32s([]float32{1})}, "1 scores for"},
		{"scores are strings", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.scores", Value: gguf.Strs([]string{"1"})}, `"tokenizer.ggml.scores"`},
		{"types are not integers", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.token_type", Value: gguf.F32s([]float32{1.5})}, `"tokenizer.ggml.token_type"`},
		{"no merges", smallBPE(1), remove("tokenizer.ggml.merges"), "needs tokenizer.ggml.merges"},
		{"bos is a string", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.bos_token_id", Value: gguf.Str("<s>")}, `"tokenizer.ggml.bos_token_id"`},
		{"add_bos_token is a number", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.add_bos_token", Value: gguf.U32(2)}, `"tokenizer.ggml.add_bos_token"`},
		{"another model", smallSPM(1), gguf.KV{Key: "tokenizer.ggml.model", Value: gguf.Str("t5")}, `model "t5" (Unigram) is not supported`},
		{"another pre-tokenizer", smallBPE(1), gguf.KV{Key: "tokenizer.ggml.pre", Value: gguf.Str("x-1")}, `unknown pre-tokenizer "x-1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := FromGGUF(writeVocab(t, tt.v, tt.with), Options{})
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "tokenizer: ")
		})
	}
}
