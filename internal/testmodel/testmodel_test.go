package testmodel

import (
	"flag"
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
			require.Less(t, len(ids), len(text), "pieces must be merged to fewer tokens than characters")
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

// TestLegacies opens a file of each format of 2023.
func TestLegacies(t *testing.T) {
	for _, l := range Legacies {
		t.Run(l.String(), func(t *testing.T) {
			f, err := gguf.Open(l.Write(t, 1))
			require.NoError(t, err)
			defer f.Close()
			require.Equal(t, l.Format, f.Format)
			require.Equal(t, l.Version, f.Version)
			require.Len(t, f.Tensors, 3+9*Layers)
			require.Equal(t, l.Type, f.Tensor("blk.1.attn_v.weight").Type)
			// The vocabulary is that of the function SPM, and the weights have the same
			// distribution as those of SPM.
			tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
			require.NoError(t, err)
			ids := tok.Encode("the llama and the llama", false, false)
			require.Less(t, len(ids), len("the llama and the llama"), "pieces must be merged to fewer tokens than characters")
			var back strings.Builder
			for _, id := range ids {
				back.WriteString(tok.Piece(id, false))
			}
			require.Equal(t, "the llama and the llama", strings.TrimPrefix(back.String(), " "))
			x := f.Tensor("blk.0.ffn_gate.weight")
			values := make([]float32, x.Elems())
			quant.Decode(x.Type, values, x.Data)
			sum, squares := 0.0, 0.0
			for _, v := range values {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
			n, want := float64(len(values)), 16.0/12/Dim
			require.InDelta(t, 0, sum/n, 0.02) // without a correction, random integers from -8 to 7 would have a mean of -0.5
			require.InEpsilon(t, want, squares/n, 0.25)
		})
	}
}

var update = flag.Bool("update", false, "rewrite testdata/tokens.json")

// tokenTexts are the texts that TestTokens tokenizes with both kinds of vocabulary.
var tokenTexts = []string{
	"", " ", "  ", "\n", "a", " a", "The alpaca was on a llama and up.", "the  the   the", "llama\n\nllama\tand", "It's 12345, they'd say: (no)!",
	"  leading and trailing  ", "x=1;\n\tif y {\r\n}", "naïve café ünd é", "cafe\u0301", "羊駝は動物です", "👍🏽 and 😀", "<s>the</s> <|endoftext|>", "\x00\x7f\u0080", "<0x41>_",
}

// TestTokens compares the tokens of texts with those in the top-level folder testdata.
func TestTokens(t *testing.T) {
	type record struct {
		Text    string  `json:"text"`
		Plain   []int32 `json:"plain"`
		Special []int32 `json:"special"` // with BOS if the model adds it, and with control tokens parsed
	}
	got := map[string][]record{}
	for name, m := range map[string]*Model{"spm": SPM(1), "bpe": BPE(1)} {
		f, err := gguf.Open(m.Write(t))
		require.NoError(t, err)
		defer f.Close()
		tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
		require.NoError(t, err)
		for _, text := range tokenTexts {
			r := record{text, append([]int32{}, tok.Encode(text, false, false)...), append([]int32{}, tok.Encode(text, true, true)...)}
			var back strings.Builder
			for _, id := range r.Plain {
				back.WriteString(tok.Piece(id, false))
			}
			require.Equal(t, text, strings.TrimPrefix(back.String(), strings.Repeat(" ", len(back.String())-len(text))), name)
			got[name] = append(got[name], r)
		}
	}
	Golden(t, "tokens.json", got, *update)
}
