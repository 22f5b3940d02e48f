// Package selfinstruct makes new instructions from given ones, as Self-Instruct (Wang et al.,
// arXiv:2212.10560) and Stanford's Alpaca did. A model sees three tasks and writes more. Unusable
// tasks are rejected with a reason, and so are those that say nearly the same as an earlier one.
// The same seed gives the same tasks, however many prompts are answered at once, and after any
// interruption.
package selfinstruct

import (
	"encoding/json"

	"alpaca/internal/oneshot"
)

// Task is an instruction, what it is about, and what answers it.
type Task struct {
	Instruction string `json:"instruction"`
	Input       string `json:"input"`
	Output      string `json:"output"`
}

// Model answers prompts. It is asked from several goroutines at once.
type Model interface {
	oneshot.Model
	// Fits reports whether a prompt and an answer of that many tokens fit into its context.
	Fits(prompt string, answer int) bool
}

// Settings say what is generated. A result depends on all of them.
type Settings struct {
	Model    string          `json:"model"`   // its name, and whatever else identifies it
	Sampler  json.RawMessage `json:"sampler"` // how the model chooses tokens
	Seeds    string          `json:"seeds"`   // SHA-256 of the seed tasks
	Seed     uint64          `json:"seed"`
	Examples int             `json:"examples"`  // tasks that a prompt shows
	PerAsk   int             `json:"per_ask"`   // how many tasks one answer should have
	MaxLen   int             `json:"max_len"`   // the most tokens of an answer with tasks
	TwoStep  bool            `json:"two_step"`  // outputs are asked for one at a time, in conversations
	OutLen   int             `json:"out_len"`   // the most tokens of such an output
	Free     bool            `json:"free"`      // no grammar holds the headings in place
	Brief    bool            `json:"brief"`     // the prompt is its examples alone
	Compat   bool            `json:"compat"`    // Stanford's parsing and filters to the letter
	Words    string          `json:"words"`     // what ROUGE-L compares: Unicode or ASCII words
	Above    float64         `json:"rouge_max"` // ROUGE-L above which two instructions are the same
}

// What ROUGE-L takes for words.
const (
	UnicodeWords = "unicode" // rouge.Words
	ASCIIWords   = "ascii"   // rouge.CompatWords
)

// Stanford changes settings to those of Alpaca's generator: a prompt is a list of 20 tasks,
// which begins with the three examples. The caller must set the sampler to temperature 1 and
// top-p 1.
func (s *Settings) Stanford() {
	s.Examples, s.PerAsk, s.MaxLen = 3, 17, 3072
	s.TwoStep, s.Free, s.Brief, s.Compat, s.Words, s.Above = false, true, false, true, ASCIIWords, 0.7
}
