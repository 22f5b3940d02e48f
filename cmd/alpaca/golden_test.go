package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/generate"
	"alpaca/internal/testshared"
)

// golden is a record of shared/golden/stories.jsonl, as far as it is used.
type golden struct {
	Model        string  `json:"model"`
	Prompt       string  `json:"prompt"`
	PromptTokens []int32 `json:"prompt_tokens"`
	Tokens       []int32 `json:"tokens"`
	Text         string  `json:"text"`
}

// readGolden returns the records of a model.
func readGolden(t *testing.T, model string) []golden {
	t.Helper()
	file, err := os.Open(testshared.Path(t, "golden/stories.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	var records []golden
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var g golden
		require.NoError(t, json.Unmarshal(lines.Bytes(), &g))
		if g.Model == model {
			records = append(records, g)
		}
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, records)
	return records
}

// TestGoldenText checks that the command prints what the reference
// implementation does, and nothing else.
func TestGoldenText(t *testing.T) {
	for _, g := range readGolden(t, "stories260K") {
		path := testshared.Path(t, "models/stories260K.gguf")
		require.Equal(t, g.Text, succeed(t, "run", "-m", path, "-p", g.Prompt, "-n", "64", "--temp", "0"))

		out := succeed(t, "run", "-m", path, "-p", g.Prompt, "-n", "64", "--temp", "0", "-t", "2", "--output", "json", "--logprobs", "2")
		lines, _ := readLines(t, out)
		text := ""
		for i, id := range g.Tokens {
			require.Equal(t, id, lines[i].ID)
			require.Equal(t, id, lines[i].Top[0].ID)
			text += lines[i].Text
		}
		require.Equal(t, g.Text, text)
	}
}

// TestGoldenStop checks that the golden text ends before a stop string,
// wherever tokens divide it.
func TestGoldenStop(t *testing.T) {
	path := testshared.Path(t, "models/stories260K.gguf")
	g := readGolden(t, "stories260K")[0]
	for _, stop := range []string{"Lily", "ed Li", " loved to play", ".\nL", ","} {
		before, _, found := strings.Cut(g.Text, stop)
		require.True(t, found)
		args := []string{"run", "-m", path, "-p", g.Prompt, "-n", "64", "--temp", "0", "--stop", stop, "--stop", "no such text"}
		require.Equal(t, before, succeed(t, args...), "%q", stop)

		lines, done := readLines(t, succeed(t, append(args, "-o", "json")...))
		require.Equal(t, generate.Stop, done.Reason)
		text := ""
		for _, line := range lines {
			text += line.Text
		}
		require.Equal(t, before, text)
	}
}

// readLines reads the output of "run --output json": a line for each token,
// and the last one.
func readLines(t *testing.T, out string) (tokens []tokenLine, done doneLine) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for _, text := range lines[:len(lines)-1] {
		var line tokenLine
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		tokens = append(tokens, line)
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &done))
	require.True(t, done.Done)
	require.Equal(t, len(tokens), done.GeneratedTokens)
	return tokens, done
}

// TestGoldenTokens checks tokenize against the prompts' tokens.
func TestGoldenTokens(t *testing.T) {
	path := testshared.Path(t, "models/stories260K.gguf")
	for _, g := range readGolden(t, "stories260K") {
		var got struct{ Tokens []tokenRecord }
		require.NoError(t, json.Unmarshal([]byte(succeed(t, "tokenize", "-m", path, "-p", g.Prompt, "--output", "json")), &got))
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
		require.Contains(t, succeed(t, "inspect", path), "no tensors: a vocabulary only")
		require.Contains(t, succeed(t, "inspect", path, "-o", "json"), `"tensors":[]`)
		require.Contains(t, succeed(t, "tokenize", "-m", path, "-p", "llama"), "ama\"\n")
	}
}
