package run_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
)

// TestAnswers compares the answers of each test model with those recorded in testdata. Stdout
// must have only the text. With -o json, the probabilities must be exactly the recorded ones.
func TestAnswers(t *testing.T) {
	type answer struct {
		Prompt string
		Greedy []struct {
			ID      int32
			Logprob float64
		}
		Text string
	}
	answers := testshared.ReadJSON[map[string]answer](t, testmodel.Path(t, "answers.json"))
	for _, m := range testmodel.Catalog() {
		t.Run(m.Name, func(t *testing.T) {
			a := answers[m.Name]
			path := filepath.Join(t.TempDir(), m.Name+".gguf")
			require.NoError(t, m.Spec.Make().WriteTo(path))
			args := []string{"run", "-m", path, "-p", a.Prompt, "-n", strconv.Itoa(len(a.Greedy)), "--temp", "0", "--ignore-eos", "-t", "2"}
			require.Equal(t, a.Text, strings.ToValidUTF8(clitest.Succeed(t, args...), "\uFFFD"))
			lines, done := readLines(t, clitest.Succeed(t, append(args, "-o", "json", "--logprobs", "1")...))
			require.Equal(t, engine.Length, done.Reason)
			require.Len(t, lines, len(a.Greedy))
			for i, want := range a.Greedy {
				require.Equal(t, want.ID, lines[i].ID)
				require.Equal(t, want.ID, lines[i].Top[0].ID)
				require.EqualValues(t, want.Logprob, lines[i].Top[0].Logprob)
			}
		})
	}
}

// TestStopAnywhere checks that an answer ends before a stop string, wherever the boundaries of
// tokens are within the string.
func TestStopAnywhere(t *testing.T) {
	path := testmodel.SPM(1).Write(t)
	args := []string{"run", "-m", path, "-p", "the llama", "-n", "40", "--temp", "0", "--ignore-eos"}
	text := clitest.Succeed(t, args...)
	for from := 4; from < 20; from += 5 {
		for _, n := range []int{1, 2, 5} {
			runes := []rune(text)
			stop := string(runes[from : from+n])
			if strings.Contains(stop, "\uFFFD") || strings.TrimSpace(stop) == "" {
				continue
			}
			before, _, _ := strings.Cut(text, stop)
			require.Equal(t, before, clitest.Succeed(t, append(slices.Clone(args), "--stop", stop, "--stop", "no such text")...), "%q", stop)
		}
	}
}

// TestHFConversations compares the tokens of conversations, written with a model's own template,
// with the tokens of transformers.
func TestHFConversations(t *testing.T) {
	token := regexp.MustCompile(`(?m)^alpaca: +([0-9]+) +"`)
	compared := 0
	for _, r := range testshared.ReadLines[testshared.Tokenized](t, testshared.Path(t, "golden/hf-tokens.jsonl")) {
		// In a message, the text of a control token stays text. This differs from transformers on
		// purpose, so conversations with such a text are skipped.
		if !slices.Contains([]string{"qwen2", "qwen2-yarn", "qwen3", "qwen2moe", "qwen3moe", "phi3", "phi4mini", "llama3", "ministral3", "stablelm", "smollm3", "olmo2", "granite", "starcoder2", "lfm2", "qwen35"}, r.Model) || !r.Generate || strings.Contains(string(r.Messages), "<|im_end|>") {
			continue
		}
		path := testshared.Path(t, "models/arch/"+r.Model+".gguf")
		o := clitest.Run(t, string(r.Messages), "run", "-m", path, "--messages", "-", "-n", "1", "--verbose-prompt")
		require.Zero(t, o.Status, o.Stderr)
		var ids []int32
		for _, m := range token.FindAllStringSubmatch(o.Stderr, -1) {
			id, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			ids = append(ids, int32(id))
		}
		if r.Model == "phi3" || r.Model == "lfm2" { // the templates of these models leave out the BOS that their tokenizers add
			require.EqualValues(t, 1, ids[0])
			ids = ids[1:]
		}
		require.Equal(t, r.Plain, ids, r.Model)
		compared++
	}
	require.Equal(t, 15, compared)
}
