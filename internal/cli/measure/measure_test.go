package measure_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

// TestOutputOverAPart checks that no output may overwrite a part of a split model, even if the
// command line names another part.
func TestOutputOverAPart(t *testing.T) {
	dir := t.TempDir()
	m := testmodel.SPM(1)
	all := m.Tensors
	parts := make([]string, 2)
	for i := range parts {
		half := &testmodel.Model{Tensors: all[i*len(all)/2 : (i+1)*len(all)/2]}
		if i == 0 {
			half.KV = m.KV
		}
		half.Set("split.no", gguf.U16(uint16(i))).Set("split.count", gguf.U16(2)).Set("split.tensors.count", gguf.I32(int32(len(all))))
		parts[i] = filepath.Join(dir, fmt.Sprintf("m-%05d-of-00002.gguf", i+1))
		require.NoError(t, half.WriteTo(parts[i]))
	}
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("the llama was on a hill and the llama was on a hill"), 0o644))
	before, err := os.ReadFile(parts[1])
	require.NoError(t, err)
	for _, args := range [][]string{
		{"perplexity", "-m", parts[0], "-f", text, "-c", "8", "--per-token=" + parts[1]},
		{"perplexity", "-m", parts[0], "-f", text, "-c", "8", "--kl-divergence-base", parts[1]},
		{"compare", parts[0], parts[0], "-f", text, "-c", "8", "--kl-divergence-base", parts[1]},
		{"bench", "-m", parts[0], "-p", "4", "-n", "0", "-r", "1", "--save", parts[1]},
	} {
		o := clitest.Run(t, "", args...)
		require.Equal(t, ui.ExitFailure, o.Status, args)
		require.Contains(t, o.Stderr, parts[1]+": is an input\n")
	}
	after, err := os.ReadFile(parts[1])
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// TestInfinitePerplexity checks that an infinite perplexity is null in JSON.
func TestInfinitePerplexity(t *testing.T) {
	m := testmodel.SPM(1)
	norm := m.Tensor("output_norm.weight")
	for i := range norm.Data {
		norm.Data[i] *= -1e4
	}
	path := m.Write(t)
	text := "the llama was on a hill and the llama was on a hill"
	o := clitest.Run(t, "", "perplexity", "-m", path, "-p", text, "-c", "8", "-o", "json")
	require.Equal(t, ui.ExitOK, o.Status, o.Stderr)
	var got struct {
		PPL *float64
		NLL float64
	}
	require.NoError(t, json.Unmarshal([]byte(o.Out), &got))
	require.Nil(t, got.PPL)
	require.Greater(t, got.NLL, 700.0)
	o = clitest.Run(t, "", "compare", testmodel.SPM(1).Write(t), path, "-p", text, "-c", "8", "-o", "json")
	require.Equal(t, ui.ExitOK, o.Status, o.Stderr)
	require.Contains(t, o.Out, `"ppl":{"value":null`)
}

// TestVocabulariesOfOtherTypes checks that two vocabularies differ if only the type of a token
// differs.
func TestVocabulariesOfOtherTypes(t *testing.T) {
	m := testmodel.SPM(1)
	i := slices.IndexFunc(m.KV, func(kv gguf.KV) bool { return kv.Key == "tokenizer.ggml.token_type" })
	types, _ := m.KV[i].Value.Ints()
	types[300] = 4
	a, b := m.Write(t), m.Set(m.KV[i].Key, gguf.I32s(types)).Write(t)
	o := clitest.Run(t, "", "compare", a, b, "-p", "the llama", "-c", "4")
	require.Equal(t, ui.ExitFailure, o.Status)
	require.Regexp(t, `token 300 is "(.*)" of type 1 in .* and "(.*)" of type 4 in `, o.Stderr)
}
