package testshared

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// ReadLines returns the values of a file that has one JSON value in each
// line. path is a result of Path, or is relative to the folder of the test.
func ReadLines[T any](t testing.TB, path string) []T {
	t.Helper()
	return decode[T](t, path, true)
}

// ReadJSON returns the value of a JSON file. path is as in ReadLines.
func ReadJSON[T any](t testing.TB, path string) T {
	t.Helper()
	return decode[T](t, path, false)[0]
}

// decode returns the values of a JSON file. If lines is true, each
// line is a value; otherwise the whole file is a single value.
func decode[T any](t testing.TB, path string, lines bool) (list []T) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := [][]byte{data}
	if lines {
		values = bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	}
	for i, value := range values {
		var v T
		if err := json.Unmarshal(value, &v); err != nil {
			t.Fatalf("%s, value %d of %d: %v", path, i+1, len(values), err)
		}
		list = append(list, v)
	}
	return list
}

// Continuation is a record of the golden files stories.jsonl, random.jsonl and hf.jsonl: how the
// reference continues a prompt.
type Continuation struct {
	Model        string // path of the file below the folder models, without the extension
	Prompt       string
	PromptTokens []int32 `json:"prompt_tokens"`
	Tokens       []int32 // the most likely token at each position
	Text         string  // of Tokens
	Probs        []struct {
		ID      int32
		Logprob float64
		Top     [][2]float64 // ids and log probabilities of the most likely tokens
	}
}

// Tokenized is a record of the golden file hf-tokens.jsonl: the tokens that transformers makes of
// a text, or of messages with the model's template.
type Tokenized struct {
	Model    string
	Text     string
	Messages json.RawMessage
	Generate bool    `json:"add_generation_prompt"`
	IDs      []int32 `json:"ids"`       // as the tokenizer encodes a text by default: with a BOS if it adds one
	Plain    []int32 `json:"ids_plain"` // without tokens that the tokenizer adds
}
