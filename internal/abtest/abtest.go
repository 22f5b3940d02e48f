// Package abtest compares two models by blind votes on their answers to the same prompts.
// A session with its prompts, answers and votes is stored in a database. Votes are never
// deleted, and the report is computed from all of them.
package abtest

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"alpaca/internal/train/random"
)

// Slot is one of the two compared models.
type Slot int

// The slots.
const (
	X Slot = iota
	Y
)

func (s Slot) String() string { return [...]string{"X", "Y"}[s] }

// Other returns the other slot.
func (s Slot) Other() Slot { return 1 - s }

// Choice is a judgement on two answers.
type Choice string

// The choices. Left and Right mean that the answer on that side is better.
const (
	Left  Choice = "left"
	Right Choice = "right"
	Tie   Choice = "tie" // both are good
	Bad   Choice = "bad" // both are bad
	Skip  Choice = "skip"
)

// Choices lists all choices in the order of their keys: 1, 2, 3, 4, 0.
var Choices = []Choice{Left, Right, Tie, Bad, Skip}

// Model is one of the two models that are compared, or the source of a file of answers.
type Model struct {
	Name     string `json:"name"`
	Path     string `json:"path,omitempty"`
	SHA256   string `json:"sha256"`
	Template string `json:"template,omitempty"`
	Adapter  string `json:"adapter,omitempty"` // the adapter's name with its SHA-256
}

// Prompt is a task that both models answer.
type Prompt struct {
	Instruction string `json:"instruction"`
	Input       string `json:"input,omitempty"`
}

// Answer is a model's answer to a prompt.
type Answer struct {
	Text    string
	Tokens  int
	Cut     bool // the answer was cut at the length limit
	Millis  int64
	Logprob float64
}

// Vote is a judge's vote on the answers to a prompt.
type Vote struct {
	ID     int64
	N      int    // the number of the prompt, counted from 0
	Repeat int    // 1 if the pair was shown for the second time, with the sides swapped
	Judge  string // the judge's name, beginning with ModelJudge for a model; "" if nobody was asked
	Left   Slot   // the model whose answer was shown on the left
	Choice Choice
	Millis int64
	Note   string
	Flags  []string // FlagEqual, FlagRevealed
	At     time.Time
	Undone bool
}

// Flags of votes.
const (
	FlagEqual    = "equal"    // the answers are the same, so a tie was recorded without asking
	FlagRevealed = "revealed" // an answer reveals which model wrote it
)

// ModelJudge is the prefix of the names of judges that are models.
const ModelJudge = "model:"

// IsModel reports whether the judge is a model.
func (v *Vote) IsModel() bool { return strings.HasPrefix(v.Judge, ModelJudge) }

// Winner returns the model with the better answer. ok is false if the vote prefers
// neither.
func (v *Vote) Winner() (s Slot, ok bool) {
	switch v.Choice {
	case Left:
		return v.Left, true
	case Right:
		return v.Left.Other(), true
	}
	return X, false
}

// Plan has the settings of a session.
type Plan struct {
	Seed    uint64   `json:"seed"`
	Votes   int      `json:"votes"`  // the number of prompts to judge
	Repeat  float64  `json:"repeat"` // the fraction of the prompts that is shown again, with the sides swapped
	Peek    bool     `json:"peek"`   // results may be seen before the end
	Params  string   `json:"params"` // how the answers were generated
	Models  [2]Model `json:"models"`
	Prompts string   `json:"prompts_sha256"`
	Version string   `json:"version"`        // the version of this program
	Live    bool     `json:"live,omitempty"` // judges may add prompts of their own, and vote before all answers exist
}

// Session is a comparison.
type Session struct {
	Plan
	ID      int64
	Created time.Time
	Closed  bool
	Secret  []byte // key for the form tokens that protect against forged requests
	List    []Prompt
	Answers [][2]*Answer // by prompt; nil: no answer yet
	Own     map[int]Own  // prompts that judges wrote, by number
	Votes   []Vote       // in the order of voting
}

// Complete reports whether all prompts have both answers. Prompts that failed do not count.
func (s *Session) Complete() bool {
	for n := range s.Answers {
		if !s.there(n) && !s.Own[n].Failed {
			return false
		}
	}
	return true
}

// Equal reports whether both answers to prompt n are the same, apart from white space at
// their ends.
func (s *Session) Equal(n int) bool {
	a := s.Answers[n]
	return a[X] != nil && a[Y] != nil && strings.TrimSpace(a[X].Text) == strings.TrimSpace(a[Y].Text)
}

// Item is a pair of answers that a judge is asked about.
type Item struct {
	N, Repeat int
	Left      Slot
}

// Purposes of random numbers, passed as the second argument of random.Hash.
const (
	forOrder = 301 + iota
	forSides
	forRepeats
	forOwnSides
)

// Order returns the indices of the n prompts to judge, in the order of judging.
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

// Items returns the items of a judge in order: the judge's own prompts, the prompts of the plan,
// then some prompts of the plan again. For these last ones, the sides are swapped. Pairs of equal
// answers are left out. In each block of four items, model X is on the left twice. In a live
// session, answers may still be missing. Then the list ends before the plan's first prompt that
// lacks an answer.
func (s *Session) Items(judge string) []Item {
	who := random.Text(judge)
	list := s.sides(s.ready(), forSides, who)
	if len(list) > 0 && s.Expected("") == 0 {
		first := slices.Clone(list)
		shuffle(first, s.Seed, forRepeats, who)
		again := first[:int(float64(s.Repeat*float64(len(list)))+0.5)]
		slices.SortFunc(again, func(a, b Item) int { return cmp.Compare(a.N, b.N) }) // in the order in which they were first shown, so that a pair and its repeat are far apart
		for _, i := range again {
			list = append(list, Item{N: i.N, Repeat: 1, Left: i.Left.Other()})
		}
	}
	return append(s.sides(s.ownOf(judge), forOwnSides, who), list...)
}

// sides returns the items of the prompts whose answers differ, and chooses their sides.
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

// Next returns the judge's next item, or nil if there is none. done is the number
// of items that the judge has voted on. all is the number of the judge's items.
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

// Item returns the judge's item with the given n and repeat. ok is false if there is none.
func (s *Session) Item(judge string, n, repeat int) (Item, bool) {
	for _, i := range s.Items(judge) {
		if i.N == n && i.Repeat == repeat {
			return i, true
		}
	}
	return Item{}, false
}

// revealing are phrases that reveal which model wrote an answer.
var revealing = []string{
	"i am alpaca", "i'm alpaca", "i am llama", "i'm llama", "i am chatgpt", "i'm chatgpt", "as chatgpt", "i am claude", "i'm claude", "i am gemma", "i'm gemma",
	"i am qwen", "i'm qwen", "i am smollm", "i'm smollm", "i am mistral", "i'm mistral", "i am deepseek", "i'm deepseek", "trained by", "developed by openai",
	"developed by google", "developed by anthropic", "developed by meta", "created by openai", "created by google", "created by anthropic", "created by meta",
	"created by alibaba", "created by hugging face", "my name is",
}

// Reveals reports whether an answer to prompt n reveals which model wrote it.
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
		// A short name may be an ordinary word, so only long names count.
		if name := strings.ToLower(s.Models[slot].Name); utf8.RuneCountInString(name) >= 6 && strings.Contains(text, name) {
			return true
		}
	}
	return false
}
