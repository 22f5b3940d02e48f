package files_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/files"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
)

// TestGoldenTokens compares the output of "alpaca tokenize" with recorded tokens of prompts.
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

// TestVocabularyFiles checks that "alpaca inspect" and "alpaca tokenize" accept files that have
// only a vocabulary, of any architecture.
func TestVocabularyFiles(t *testing.T) {
	for _, name := range []string{"falcon", "gpt-2", "llama-spm", "starcoder", "phi-3"} {
		requireVocabularyFile(t, testshared.Path(t, "models/vocab/ggml-vocab-"+name+".gguf"))
	}
}

// TestOwnVocabularyFiles checks the two commands with the vocabularies of the test models.
func TestOwnVocabularyFiles(t *testing.T) {
	for _, m := range []*testmodel.Model{testmodel.SPM(1), testmodel.BPE(1), testmodel.BPE(1).Set("general.architecture", gguf.Str("mamba"))} {
		requireVocabularyFile(t, m.VocabOnly().Write(t))
	}
}

func requireVocabularyFile(t *testing.T, path string) {
	t.Helper()
	require.Contains(t, clitest.Succeed(t, "inspect", path), "no tensors: the file has only a vocabulary")
	require.Contains(t, clitest.Succeed(t, "inspect", path, "-o", "json"), `"tensors":[]`)
	require.Contains(t, clitest.Succeed(t, "tokenize", "-m", path, "-p", "llama"), "ma\"\n")
}

// TestOwnTokens compares the output of "alpaca tokenize" with the tokens recorded in testdata.
func TestOwnTokens(t *testing.T) {
	type record struct {
		Text    string
		Plain   []int32
		Special []int32
	}
	want := testshared.ReadJSON[map[string][]record](t, testmodel.Path(t, "tokens.json"))
	for name, m := range map[string]*testmodel.Model{"spm": testmodel.SPM(1), "bpe": testmodel.BPE(1)} {
		path := m.Write(t)
		require.NotEmpty(t, want[name])
		for _, r := range want[name] {
			if r.Text == "" {
				continue // an empty -p is not tested
			}
			var got struct{ Tokens []files.TokenRecord }
			require.NoError(t, json.Unmarshal([]byte(clitest.Succeed(t, "tokenize", "-m", path, "-p", r.Text, "--output", "json")), &got))
			var ids []int32
			for _, x := range got.Tokens {
				ids = append(ids, x.ID)
			}
			require.Equal(t, r.Special, ids, "%s %q", name, r.Text)
		}
	}
}

// TestReferencePreTokenizer checks that combining marks stay within words, as in the model's
// training. --reference-pretokenizer splits words as llama.cpp does.
func TestReferencePreTokenizer(t *testing.T) {
	for _, name := range []string{"tekken", "gpt-4o"} {
		args := []string{"tokenize", "-m", testshared.Path(t, "cases/pretokenizer-marks-"+name+"/m.gguf"), "-p", "नि", "--no-bos", "--ids"}
		require.Equal(t, "[259]\n", clitest.Succeed(t, args...))
		require.Equal(t, "[257, 258]\n", clitest.Succeed(t, append(args, "--reference-pretokenizer")...))
	}
	own := testmodel.BPE(1).Set("tokenizer.ggml.pre", gguf.Str("gpt-4o")).Write(t)
	for _, flag := range []string{"--reference-pretokenizer", "--reference_pretokenizer"} {
		require.NotEmpty(t, clitest.Succeed(t, "tokenize", "-m", own, "-p", "नि", flag))
	}
}
