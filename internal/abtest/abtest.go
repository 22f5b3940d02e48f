// Package abtest compares two models by votes on their answers to the same prompts, so that
// whoever votes cannot know which is which. A session with its prompts, answers and votes
// lies in a database; a vote that was given stays, and the report is made of all of them.
package abtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/train/random"
)

// Slot is one of the two models.
type Slot int

// The slots, which the database calls X and Y.
const (
	X Slot = iota
	Y
)

func (s Slot) String() string { return [...]string{"X", "Y"}[s] }

// Other returns the other slot.
func (s Slot) Other() Slot { return 1 - s }

// Choice is what somebody says of two answers.
type Choice string

// The choices. Left and Right are where the answers stood.
const (
	Left  Choice = "left"
	Right Choice = "right"
	Tie   Choice = "tie" // both are good
	Bad   Choice = "bad" // both are bad
	Skip  Choice = "skip"
)

// Choices are all of them, in the order of their keys: 1, 2, 3, 4, 0.
var Choices = []Choice{Left, Right, Tie, Bad, Skip}

// Model is one of the two that are compared, or whose answers a file has.
type Model struct {
	Name     string `json:"name"`
	Path     string `json:"path,omitempty"`
	SHA256   string `json:"sha256"`
	Template string `json:"template,omitempty"`
	Adapter  string `json:"adapter,omitempty"` // with its SHA-256
}

// Prompt is a task that both answer.
type Prompt struct {
	Instruction string `json:"instruction"`
	Input       string `json:"input,omitempty"`
}

// Answer is what one of them says to a prompt.
type Answer struct {
	Text    string
	Tokens  int
	Cut     bool // it ended because it was too long
	Millis  int64
	Logprob float64
}

// Vote is what a judge said of a prompt's answers.
type Vote struct {
	ID     int64
	N      int    // the prompt
	Repeat int    // 1 where the same pair came back mirrored
	Judge  string // a name; one that begins with ModelJudge is a model's; "" for nobody
	Left   Slot   // which answer stood on the left
	Choice Choice
	Millis int64
	Note   string
	Flags  []string // FlagEqual, FlagRevealed
	At     time.Time
	Undone bool
}

// Flags of votes.
const (
	FlagEqual    = "equal"    // the answers are the same: a tie that nobody was asked for
	FlagRevealed = "revealed" // an answer says which model it is of
)

// ModelJudge begins the names of judges that are models.
const ModelJudge = "model:"

// IsModel reports whether the judge is a model.
func (v *Vote) IsModel() bool { return strings.HasPrefix(v.Judge, ModelJudge) }

// Winner returns whose answer was called better; ok is false where neither was.
func (v *Vote) Winner() (s Slot, ok bool) {
	switch v.Choice {
	case Left:
		return v.Left, true
	case Right:
		return v.Left.Other(), true
	}
	return X, false
}

// Plan says how a session goes.
type Plan struct {
	Seed    uint64   `json:"seed"`
	Votes   int      `json:"votes"`  // prompts that are judged
	Repeat  float64  `json:"repeat"` // part of them that comes back mirrored
	Peek    bool     `json:"peek"`   // results may be looked at before the end
	Params  string   `json:"params"` // how the answers were made
	Models  [2]Model `json:"models"`
	Prompts string   `json:"prompts_sha256"`
	Version string   `json:"version"`        // of this program
	Live    bool     `json:"live,omitempty"` // judges may ask, and vote before all answers are there
}

// Session is a comparison.
type Session struct {
	Plan
	ID      int64
	Created time.Time
	Closed  bool
	Secret  []byte // of the forms' tokens
	List    []Prompt
	Answers [][2]*Answer // by prompt; nil where there is none yet
	Own     map[int]Own  // the prompts that judges asked themselves
	Votes   []Vote       // in the order in which they were given
}

// Complete reports whether all answers are there.
func (s *Session) Complete() bool {
	for n := range s.Answers {
		if !s.there(n) && !s.Own[n].Failed {
			return false
		}
	}
	return true
}

// Equal reports whether both answers to a prompt are the same, but for white space around.
func (s *Session) Equal(n int) bool {
	a := s.Answers[n]
	return a[X] != nil && a[Y] != nil && strings.TrimSpace(a[X].Text) == strings.TrimSpace(a[Y].Text)
}

// Item is a pair that a judge is asked about.
type Item struct {
	N, Repeat int
	Left      Slot
}

// What random numbers are drawn for, as the second number of random.Hash.
const (
	forOrder = 301 + iota
	forSides
	forRepeats
	forOwnSides
)

// Order returns which n of the prompts are judged, and in which order.
func Order(seed uint64, prompts, n int) []int {
	list := make([]int, prompts)
	for i := range list {
		list[i] = i
	}
	shuffle(list, seed, forOrder)
	return list[:min(n, prompts)]
}

func shuffle[T any](list []T, seed ...uint64) {
	for i := len(list) - 1; i > 0; i-- {
		j := int(random.Hash(append(seed[:len(seed):len(seed)], uint64(i))...) % uint64(i+1))
		list[i], list[j] = list[j], list[i]
	}
}

// Items returns what a judge is asked, in order: what they asked themselves, the pairs that
// differ, then those that come back mirrored. Of four in a row the first model stands twice
// on each side. In a live session these are the pairs before the first that is not there yet.
func (s *Session) Items(judge string) []Item {
	who := random.Text(judge)
	list := s.sides(s.ready(), forSides, who)
	if len(list) > 0 && s.Expected("") == 0 {
		first := slices.Clone(list)
		shuffle(first, s.Seed, forRepeats, who)
		again := first[:int(float64(s.Repeat*float64(len(list)))+0.5)]
		slices.SortFunc(again, func(a, b Item) int { return cmp.Compare(a.N, b.N) }) // as far from the first time as possible
		for _, i := range again {
			list = append(list, Item{N: i.N, Repeat: 1, Left: i.Left.Other()})
		}
	}
	return append(s.sides(s.ownOf(judge), forOwnSides, who), list...)
}

// sides returns the items of those prompts whose answers differ.
func (s *Session) sides(prompts []int, purpose, who uint64) (list []Item) {
	var block []Slot
	for _, n := range prompts {
		if s.Equal(n) {
			continue
		}
		k := len(list) % 4
		if k == 0 {
			block = []Slot{X, X, Y, Y}
			shuffle(block, s.Seed, purpose, who, uint64(len(list)/4))
		}
		list = append(list, Item{N: n, Left: block[k]})
	}
	return list
}

// Next returns what a judge is asked next; done is how many of all are judged.
func (s *Session) Next(judge string) (next *Item, done, all int) {
	judged := map[[2]int]bool{}
	for i := range s.Votes {
		if v := &s.Votes[i]; v.Judge == judge && !v.Undone {
			judged[[2]int{v.N, v.Repeat}] = true
		}
	}
	list := s.Items(judge)
	for i := range list {
		if judged[[2]int{list[i].N, list[i].Repeat}] {
			done++
		} else if next == nil {
			next = &list[i]
		}
	}
	return next, done, len(list)
}

// Item returns one of a judge's items.
func (s *Session) Item(judge string, n, repeat int) (Item, bool) {
	for _, i := range s.Items(judge) {
		if i.N == n && i.Repeat == repeat {
			return i, true
		}
	}
	return Item{}, false
}

// revealing are words by which answers say what they are of.
var revealing = []string{
	"i am alpaca", "i'm alpaca", "i am llama", "i'm llama", "i am chatgpt", "i'm chatgpt", "as chatgpt", "i am claude", "i'm claude", "i am gemma", "i'm gemma",
	"i am qwen", "i'm qwen", "i am smollm", "i'm smollm", "i am mistral", "i'm mistral", "i am deepseek", "i'm deepseek", "trained by", "developed by openai",
	"developed by google", "developed by anthropic", "developed by meta", "created by openai", "created by google", "created by anthropic", "created by meta",
	"created by alibaba", "created by hugging face", "my name is",
}

// Reveals reports whether an answer says which model it is of.
func (s *Session) Reveals(n int) bool {
	for slot, a := range s.Answers[n] {
		if a == nil {
			continue
		}
		text := strings.ReplaceAll(strings.ToLower(a.Text), "’", "'")
		for _, words := range revealing {
			if strings.Contains(text, words) {
				return true
			}
		}
		// A short name is a word of any text.
		if name := strings.ToLower(s.Models[slot].Name); utf8.RuneCountInString(name) >= 6 && strings.Contains(text, name) {
			return true
		}
	}
	return false
}
