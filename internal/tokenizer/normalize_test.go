package tokenizer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
)

func TestNormalizer(t *testing.T) {
	v := smallBPE(1)
	plain := mustNew(t, v)
	v.Normalizer = "NFC"
	tok := mustNew(t, v)
	require.NotEqual(t, plain.Encode("é", false, false), plain.Encode("e\u0301", false, false))
	require.Equal(t, plain.Encode("é", false, false), tok.Encode("e\u0301", false, false))
	require.Equal(t, plain.Encode("ﬁ\xff", false, false), tok.Encode("ﬁ\xff", false, false), "NFC keeps ligatures")
	v.Normalizer = "nfkc"
	require.Equal(t, plain.Encode("fi é", false, false), mustNew(t, v).Encode("ﬁ e\u0301", false, false))
	v.Normalizer = "NFD"
	require.Equal(t, plain.Encode("e\u0301", false, false), mustNew(t, v).Encode("é", false, false))

	v.Normalizer = "identity"
	require.Empty(t, mustNew(t, v).Warnings())
	v.Normalizer = "Lowercase"
	tok = mustNew(t, v)
	require.Len(t, tok.Warnings(), 1)
	require.Contains(t, tok.Warnings()[0], `unknown normalizer "Lowercase"`)
	require.Equal(t, plain.Encode("e\u0301", false, false), tok.Encode("e\u0301", false, false))
}

// TestNormalizerAndSpecialTokens checks that special tokens are found before normalization.
func TestNormalizerAndSpecialTokens(t *testing.T) {
	v := smallBPE(1)
	v.Tokens, v.Types = append(v.Tokens, "<e\u0301>"), append(v.Types, int32(TypeControl))
	v.Scores = nil
	v.Normalizer = "NFC"
	tok := mustNew(t, v)
	id, _ := tok.ID("<e\u0301>")
	x, _ := tok.ID("x")
	require.Equal(t, []int32{x, id, x}, tok.Encode("x<e\u0301>x", false, true))
}

func TestNormalizerKey(t *testing.T) {
	v := smallBPE(1)
	tok, err := FromGGUF(writeVocab(t, v, gguf.KV{Key: "tokenizer.ggml.normalizer", Value: gguf.Str("NFC")},
		gguf.KV{Key: "tokenizer.ggml.eos_token_ids", Value: gguf.I32s([]int32{5, 9})}), Options{})
	require.NoError(t, err)
	require.Equal(t, tok.Encode("é", false, false), tok.Encode("e\u0301", false, false))
	require.Subset(t, tok.EOG(), []int32{5, 9})
}

// TestNormalizedParts checks at which token each part begins, if normalization changes a part.
func TestNormalizedParts(t *testing.T) {
	v := smallBPE(1)
	v.Normalizer = "NFC"
	tok := mustNew(t, v)
	parts := []Part{{Text: "e\u0301e\u0301!"}, {Text: "y!"}, {Text: "e"}, {Text: "\u0301x"}}
	ids, starts := tok.EncodeParts(parts, PartOptions{})
	require.Equal(t, tok.Encode("éé!y!éx", false, false), ids)
	require.Equal(t, 0, starts[0])
	text := ""
	for _, id := range ids[starts[1]:] {
		text += tok.Piece(id, false)
	}
	require.Contains(t, "!y!éx y!éx", text, "the part must begin in the token that contains y")
}
