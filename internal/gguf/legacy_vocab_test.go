package gguf

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// llamaOldVocab returns LLaMA's vocabulary as the converters of 2023 wrote it, and its tokens and
// scores in GGUF.
func llamaOldVocab(t *testing.T) (old []string, texts []string, scores []float32) {
	f := open(t, testshared.Path(t, "models/vocab/ggml-vocab-llama-spm.gguf"))
	texts, _, err := f.Strings("tokenizer.ggml.tokens")
	require.NoError(t, err)
	scores, _, err = f.Floats("tokenizer.ggml.scores")
	require.NoError(t, err)
	old = oldVocab(0)
	for _, text := range texts[firstPiece:] {
		old = append(old, strings.ReplaceAll(text, "\u2581", " "))
	}
	return old, texts, scores
}

// openVocab opens a file of an old format that holds only a vocabulary.
func openVocab(t *testing.T, format string, version uint32, vocab []string) *File {
	m := newOldModel(format, version, 0, 0, quant.F32)
	m.vocab, m.tensors = vocab, nil
	return open(t, m.save(t))
}

// TestLLaMAScores checks the scores that the reader computes for ggml files, which have none. All
// 32000 must be those of LLaMA's tokenizer.model.
func TestLLaMAScores(t *testing.T) {
	old, texts, want := llamaOldVocab(t)
	f := openVocab(t, "ggml", 0, old)
	require.Empty(t, f.Tensors)
	got, _, err := f.Floats("tokenizer.ggml.scores")
	require.NoError(t, err)
	require.Equal(t, want, got)
	tokens, _, err := f.Strings("tokenizer.ggml.tokens")
	require.NoError(t, err)
	require.Equal(t, texts, tokens)

	// Tokens that were added to the vocabulary of LLaMA come last.
	// In other vocabularies, tokens at the end are normal pieces.
	f = openVocab(t, "ggml", 0, append(old, "[PAD]"))
	got, _, err = f.Floats("tokenizer.ggml.scores")
	require.NoError(t, err)
	require.Equal(t, append(want, -1000), got)
	f = openVocab(t, "ggml", 0, oldVocab(40_000))
	got, _, err = f.Floats("tokenizer.ggml.scores")
	require.NoError(t, err)
	require.Equal(t, []float32{0, 0, -1, -2}, got[258:262])
	require.Equal(t, float32(-29612), got[29871])
	require.Equal(t, float32(-31741), got[32000])
}

// TestRepairBytes checks that the byte tokens from 0x80 on are restored where a converter has
// replaced them by U+FFFD.
func TestRepairBytes(t *testing.T) {
	broken := oldVocab(31741)
	for id := 131; id < 259; id++ {
		broken[id] = "\uFFFD"
	}
	tokens := func(vocab []string) []string {
		list, _, err := openVocab(t, "ggml", 0, vocab).Strings("tokenizer.ggml.tokens")
		require.NoError(t, err)
		return list
	}
	require.Equal(t, tokens(oldVocab(31741)), tokens(broken))
	broken[200] = "x" // now one of these tokens is not U+FFFD, so none of them is repaired
	require.Equal(t, "\uFFFD", tokens(broken)[131])
	require.Equal(t, "\uFFFD", tokens(broken[:31999])[131])
}

func TestLegacyBadVocab(t *testing.T) {
	file := func(vocab uint32, more ...byte) []byte {
		b := (&builder{}).u32(0x67676a74).u32(3).u32(vocab)
		for _, n := range []uint32{128, 32, 4, 1, 32, 0} {
			b.u32(n)
		}
		return b.bytes(more...).buf
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"too many", file(1 << 30), "vocabulary size 1073741824, want 1 to 262144"},
		{"no tokens", file(0), "vocabulary size 0"},
		{"negative", file(1 << 31), "vocabulary size -2147483648"},
		{"do not fit", file(1000, make([]byte, 4000)...), "vocabulary of 1000 tokens runs past the end of the file (4036 bytes)"},
		{"a wrong length of a token", file(1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), "token 0 of 1: 4294967295 bytes at offset 40 run past the end"},
		{"a vocabulary that is cut", file(2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), "token 1 of 2: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.ErrorContains(t, refuse(t, save(t, "old.bin", test.data)), test.want)
		})
	}
}
