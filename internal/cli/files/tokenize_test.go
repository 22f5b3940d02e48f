package files_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/files"
	"alpaca/internal/testshared"
)

// TestGoldenTokens checks tokenize against the prompts' tokens.
func TestGoldenTokens(t *testing.T) {
	path := testshared.Path(t, "models/stories260K.gguf")
	for _, g := range clitest.ReadGolden(t, "stories260K") {
		var got struct{ Tokens []files.TokenRecord }
		require.NoError(t, json.Unmarshal([]byte(clitest.Succeed(t, "tokenize", "-m", path, "-p", g.Prompt, "--output", "json")), &got))
		var ids []int32
		for _, r := range got.Tokens {
			ids = append(ids, r.ID)
		}
		require.Equal(t, g.PromptTokens, ids)
	}
}

// TestVocabularyFiles checks that files of any architecture, with a vocabulary
// alone, can be inspected and tokenized with.
func TestVocabularyFiles(t *testing.T) {
	for _, name := range []string{"falcon", "gpt-2", "llama-spm", "starcoder", "phi-3"} {
		path := testshared.Path(t, "models/vocab/ggml-vocab-"+name+".gguf")
		require.Contains(t, clitest.Succeed(t, "inspect", path), "no tensors: a vocabulary only")
		require.Contains(t, clitest.Succeed(t, "inspect", path, "-o", "json"), `"tensors":[]`)
		require.Contains(t, clitest.Succeed(t, "tokenize", "-m", path, "-p", "llama"), "ama\"\n")
	}
}
