package testmodel

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/tokenizer"
)

func TestModelsAreValid(t *testing.T) {
	for name, m := range map[string]*Model{"SPM": SPM(1), "BPE": BPE(1), "F16": SPM(2).As(quant.F16)} {
		t.Run(name, func(t *testing.T) {
			f, err := gguf.Open(m.Write(t))
			require.NoError(t, err)
			defer f.Close()
			require.Len(t, f.Tensors, 3+9*Layers)
			tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
			require.NoError(t, err)
			require.Empty(t, tok.Warnings())
			require.Equal(t, tok.Len(), f.Tensor("token_embd.weight").Rows())
			const text = "The alpaca was on a llama ünd 羊駝\n"
			ids := tok.Encode(text, false, false)
			require.Less(t, len(ids), len(text), "merges apply")
			var back strings.Builder
			for _, id := range ids {
				back.WriteString(tok.Piece(id, false))
			}
			require.Equal(t, text, strings.TrimPrefix(back.String(), " "))
		})
	}
}

func TestSameSeedSameModel(t *testing.T) {
	require.Equal(t, SPM(7), SPM(7))
	require.NotEqual(t, SPM(7).Tensors, SPM(8).Tensors)
}
