package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
)

// loadVocab reads the vocabulary of a file in the shared folder.
func loadVocab(t testing.TB, name string) Vocab {
	t.Helper()
	f, err := gguf.Open(testshared.Path(t, name))
	require.NoError(t, err)
	defer f.Close()
	v, err := readVocab(f)
	require.NoError(t, err)
	return v
}

// TestGolden encodes the prompts of the golden runs and decodes the generated tokens.
func TestGolden(t *testing.T) {
	for _, name := range []string{"stories", "random"} {
		toks := map[string]*Tokenizer{}
		records := 0
		for _, r := range testshared.ReadLines[testshared.Continuation](t, testshared.Path(t, "golden/"+name+".jsonl")) {
			if toks[r.Model] == nil {
				toks[r.Model] = load(t, "models/"+r.Model+".gguf")
			}
			tok := toks[r.Model]
			require.Equal(t, r.PromptTokens, tok.Encode(r.Prompt, true, true), "%s: %q", r.Model, r.Prompt)
			s := tok.NewStream()
			var text strings.Builder
			for _, id := range r.Tokens {
				text.WriteString(s.Push(id))
			}
			text.WriteString(s.Flush())
			require.Equal(t, r.Text, validUTF8(text.String()), "the record has U+FFFD for bytes that are not valid UTF-8")
			records++
		}
		require.Greater(t, records, 3)
	}
}

// TestLegacyVectors compares tokens with those that the programs of 2023 made. They put no space in
// front of the text. Some old files lack scores, so the test also runs without scores.
func TestLegacyVectors(t *testing.T) {
	v := loadVocab(t, "models/vocab/ggml-vocab-llama-spm.gguf")
	no := false
	v.AddSpacePrefix = &no
	tok := mustNew(t, v)
	const system = " Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
	tests := []struct {
		text string
		bos  bool
		want []int32
	}{
		{system, true, []int32{1, 13866, 338, 385, 15278, 393, 16612, 263, 3414, 29889, 14350, 263, 2933, 393, 7128, 2486, 1614, 2167, 278, 2009, 29889, 13, 13}},
		{"### Instruction:\n\n", true, []int32{1, 2277, 29937, 2799, 4080, 29901, 13, 13}},
		{"### Response:\n\n", false, []int32{2277, 29937, 13291, 29901, 13, 13}},
		{"Hello world", true, []int32{1, 10994, 3186}},
		{" Hello world", true, []int32{1, 15043, 3186}},
		{" What is the capital of France?", false, []int32{1724, 338, 278, 7483, 310, 3444, 29973}},
		{"café 🦙", false, []int32{1113, 29888, 29948, 29871, 243, 162, 169, 156}},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, tok.Encode(tt.text, tt.bos, false), "%q", tt.text)
	}
	v.Scores = nil
	want := []int32{1, 13866, 338, 385, 15278, 393, 16612, 263, 3414, 29889, 14350, 263, 2933, 393, 2134, 558, 29347, 368, 4866, 29879, 278, 2009, 29889, 13, 13}
	require.Equal(t, want, mustNew(t, v).Encode(system, true, false), "a vocabulary whose scores are all 0")
}

// TestSpacePrefix checks that a current vocabulary puts a space in front of a text.
func TestSpacePrefix(t *testing.T) {
	tok := load(t, "models/vocab/ggml-vocab-llama-spm.gguf")
	require.Equal(t, []int32{1, 835, 2799, 4080, 29901, 13, 13}, tok.Encode("### Instruction:\n\n", true, false))
	require.Equal(t, []int32{1}, tok.Encode("", true, false))
	require.Equal(t, []int32{1, 1, 15043, 2}, tok.Encode("<s>Hello</s>", true, true))
	require.NotContains(t, tok.Encode("<s>Hello</s>", true, false)[1:], int32(2))
	require.Equal(t, []int32{2}, tok.EOG())
	require.Equal(t, 32000, tok.Len())
	require.Equal(t, ModelSPM, tok.Model())
}

func TestFixtureEOG(t *testing.T) {
	tests := []struct {
		name     string
		bos, eot int32
		eog      []int32
		addBOS   bool
	}{
		{"phi-3", 1, 32007, []int32{2, 32000, 32007}, true},
		{"gpt-2", 50256, 50256, []int32{50256}, false},
		{"mpt", 0, 0, []int32{0}, false},
		{"falcon", 11, 11, []int32{11}, false},
		{"deepseek-llm", 100000, 100001, []int32{100001}, true},
		{"deepseek-coder", 32013, 32014, []int32{32014}, true},
		{"starcoder", 0, 0, []int32{0, 4}, false},
	}
	for _, tt := range tests {
		tok := load(t, "models/vocab/ggml-vocab-"+tt.name+".gguf")
		require.Equal(t, tt.eog, tok.EOG(), tt.name)
		require.Equal(t, tt.eot, tok.EOT(), tt.name)
		require.Equal(t, tt.bos, tok.BOS(), tt.name)
		require.Equal(t, tt.addBOS, tok.AddBOS(), tt.name)
	}
}
