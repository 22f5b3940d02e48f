package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testshared"
)

// normalizer returns the normal form that a checkpoint's tokenizer.json asks for. The GGUF files of
// the reference converter do not name this form.
func normalizer(t *testing.T, model string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testshared.Path(t, "models/hf/"+model), "tokenizer.json"))
	if errors.Is(err, fs.ErrNotExist) { // the checkpoint has only a tokenizer.model
		return ""
	}
	require.NoError(t, err)
	var file struct{ Normalizer struct{ Type string } }
	require.NoError(t, json.Unmarshal(data, &file))
	if _, known := forms[file.Normalizer.Type]; !known { // Gemma's and LLaMA's normalizers replace spaces
		return ""
	}
	return file.Normalizer.Type
}

// TestHFTokens compares tokens with those of the models' own tokenizers, which parse special
// tokens.
func TestHFTokens(t *testing.T) {
	toks := map[string]*Tokenizer{}
	composed := 0
	for _, r := range testshared.ReadLines[testshared.Tokenized](t, testshared.Path(t, "golden/hf-tokens.jsonl")) {
		if toks[r.Model] == nil {
			v := loadVocab(t, "models/arch/"+r.Model+".gguf")
			v.Normalizer = normalizer(t, r.Model)
			toks[r.Model] = mustNew(t, v)
			require.Empty(t, toks[r.Model].Warnings())
		}
		tok := toks[r.Model]
		if tok.normalize != nil && strings.Contains(r.Text, "e\u0301") {
			composed++
		}
		require.Equal(t, r.Plain, tok.Encode(r.Text, false, true), "%s: %q", r.Model, r.Text)
		if r.IDs != nil {
			require.Equal(t, r.IDs, tok.Encode(r.Text, true, true), "%s: %q", r.Model, r.Text)
		}
		requireRoundTrip(t, tok, tok.normal(r.Text))
	}
	require.Greater(t, len(toks), 30)
	require.Greater(t, composed, 5, "normalization changes too few of the texts, so the test says little")
}

// TestHFEnds checks which tokens end a generation. The expected ids are those of llama.cpp.
func TestHFEnds(t *testing.T) {
	for models, want := range map[string][]int32{
		"gemma":                          {1, 6, 107},
		"gemma2 gemma3 gemma3-4x gemma4": {1, 6},
		"gpt-oss gpt-oss-bf16":           {384, 385, 391},
		"granite starcoder2":             {0},
		"lfm2":                           {2, 4},
		"llama-bin llama-meta mistral mixtral mixtral-v5": {2},
		"llama3 ministral3":                      {386, 389, 390},
		"olmo2 olmo3":                            {389},
		"phi3":                                   {2, 405, 409},
		"phi4mini":                               {387, 388},
		"qwen2 qwen2moe qwen3 qwen3moe stablelm": {386, 388},
		"qwen35 smollm3":                         {389, 391},
	} {
		for _, model := range strings.Fields(models) {
			tok := load(t, "models/arch/"+model+".gguf")
			require.Equal(t, want, tok.EOG(), model)
		}
	}
	tok := load(t, "models/arch/gpt-oss.gguf")
	for _, text := range []string{"<|channel|>", "<|start|>", "<|message|>", "<|end|>", "<|constrain|>"} {
		id, ok := tok.ID(text)
		require.True(t, ok)
		require.Equal(t, text, tok.Piece(id, false), "this token separates the answer from what comes before, so it has a text")
		require.True(t, tok.IsControl(id), "the same characters in a user's text do not become this token")
		require.NotContains(t, tok.Encode(text, true, false), id)
	}
}
