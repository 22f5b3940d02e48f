// Package selfinstruct makes new instructions from given ones, as Self-Instruct (Wang et al.,
// arXiv:2212.10560) and Stanford's Alpaca did. A model sees three tasks and writes more. Unusable
// tasks and near duplicates of earlier ones are rejected with a reason. The same seed gives the
// same tasks, however many prompts are answered at once, and after any interruption.
package selfinstruct

import (
	"encoding/json"

	"alpaca/internal/oneshot"
)

// Task is an instruction with its input and output.
type Task struct {
	Instruction string `json:"instruction"`
	Input       string `json:"input"`
	Output      string `json:"output"`
}

// Model answers prompts. Several goroutines call it at once.
type Model interface {
	oneshot.Model
	// Fits reports whether a prompt and an answer of answer tokens fit into the model's
	// context.
	Fits(prompt string, answer int) bool
}

// Settings say what is generated. A result depends on all of them.
type Settings struct {
	Model    string          `json:"model"`   // the model's name, and what else identifies the model
	Sampler  json.RawMessage `json:"sampler"` // how the model chooses tokens
	Seeds    string          `json:"seeds"`   // SHA-256 of the seed tasks
	Seed     uint64          `json:"seed"`
	Examples int             `json:"examples"`  // tasks that a prompt shows
	PerAsk   int             `json:"per_ask"`   // tasks that a prompt asks for
	MaxLen   int             `json:"max_len"`   // the largest number of tokens in an answer with tasks
	TwoStep  bool            `json:"two_step"`  // a second query, in the model's chat format, generates each output
	OutLen   int             `json:"out_len"`   // the largest number of tokens in an output in two-step mode
	Free     bool            `json:"free"`      // no grammar enforces the headings
	Brief    bool            `json:"brief"`     // the prompt has only the examples, no preamble
	Compat   bool            `json:"compat"`    // exactly the parsing and filters of Alpaca's generator
	Words    string          `json:"words"`     // how ROUGE-L splits texts: UnicodeWords or ASCIIWords
	Above    float64         `json:"rouge_max"` // an instruction with a higher ROUGE-L is a duplicate
}

// The values of Words.
const (
	UnicodeWords = "unicode" // rouge.Words
	ASCIIWords   = "ascii"   // rouge.CompatWords
)

// Stanford changes settings to those of Alpaca's generator: a prompt asks for a list of 20
// tasks and begins it with three examples. The caller must set the sampler to temperature 1
// and top-p 1.
func (s *Settings) Stanford() {
	s.Examples, s.PerAsk, s.MaxLen = 3, 17, 3072
	s.TwoStep, s.Free, s.Brief, s.Compat, s.Words, s.Above = false, true, false, true, ASCIIWords, 0.7
}
