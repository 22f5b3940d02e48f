// Package grammar says which tokens may continue a text. It compiles rules to a Program: regular
// parts become deterministic automata over bytes, and recursive rules use a stack. An ambiguous
// text has several readings (parses). Their stacks share a graph of immutable nodes, so the state
// of a text is one pointer. A Matcher follows one text. All texts share a cache of the tokens
// that fit each state of an automaton. Sub-packages make rules from GBNF and from JSON schemas.
package grammar

import (
	"errors"
	"fmt"
	"slices"

	"alpaca/internal/grammar/fsa"
)

// Expr is a part of a rule.
type Expr interface{ expr() }

// Range is the code points from Lo to Hi, both included.
type Range struct{ Lo, Hi rune }

// The kinds of expressions.
type (
	// Seq is the concatenation of its elements. An empty Seq matches the empty text.
	Seq []Expr
	// Alt is one of its elements. An empty Alt matches nothing.
	Alt []Expr
	// Repeat is X from Min to Max times; Max -1: no bound.
	Repeat struct {
		X        Expr
		Min, Max int
	}
	// Bytes is a literal text.
	Bytes string
	// Class is one code point in one of the ranges, in UTF-8.
	Class []Range
	// Ref is the rule with this number.
	Ref int
	// Automaton is a text that a DFA over bytes accepts.
	Automaton struct{ *fsa.DFA }
	// Limited is a text that a DFA over bytes accepts, and whose count is at most Max. The count is
	// the number of the DFA's steps to states q with Counts[q]. Steps from state 0 do not count.
	Limited struct {
		*fsa.DFA
		Counts []bool
		Max    int
	}
	// Token is one token of the vocabulary. If Not is set, it is any token except this one.
	Token struct {
		ID  int32
		Not bool
	}
)

// Not returns the code points that are not in c.
func (c Class) Not() Class {
	sorted := slices.Clone(c)
	slices.SortFunc(sorted, func(a, b Range) int { return int(a.Lo - b.Lo) })
	var out Class
	lo := rune(0)
	for _, r := range sorted {
		if r.Lo > lo {
			out = append(out, Range{lo, r.Lo - 1})
		}
		lo = max(lo, r.Hi+1)
	}
	if lo <= fsa.MaxRune {
		out = append(out, Range{lo, fsa.MaxRune})
	}
	return out
}

func (Seq) expr()       {}
func (Alt) expr()       {}
func (Repeat) expr()    {}
func (Bytes) expr()     {}
func (Class) expr()     {}
func (Ref) expr()       {}
func (Automaton) expr() {}
func (Limited) expr()   {}
func (Token) expr()     {}

// Rules is a grammar. Rule 0 is the whole text.
type Rules struct {
	Names []string
	Body  []Expr
}

// Bounds of a grammar.
const (
	MaxRepeat = 100_000 // the largest count of a repetition
	maxNodes  = 2_000_000
	maxInline = 4000       // states of a regular part before it is made deterministic
	maxStates = 4000       // states of the DFA of a regular part
	maxDepth  = 10_000     // nested calls of rules
	maxSteps  = 10_000_000 // steps for making regular parts deterministic: about half a second
)

// ErrEmpty says that no text matches the grammar.
var ErrEmpty = errors.New("no text satisfies the grammar")

// LeftRecursion says that a rule calls itself before it takes a character.
type LeftRecursion struct{ Rule int }

func (e *LeftRecursion) Error() string {
	return fmt.Sprintf("rule %d calls itself before it takes a character (left recursion)", e.Rule)
}

// size estimates how many states an expression needs as an automaton, and says whether the
// expression is regular.
type size struct {
	states  int
	regular bool
}

// sizer finds the regular parts of a grammar.
type sizer struct {
	rules *Rules
	rule  []size
	state []byte // 0 unknown, 1 being computed, 2 known

	budget int // steps left for making automata; if none are left, no more regular parts become automata
}

func newSizer(r *Rules) *sizer {
	return &sizer{rules: r, rule: make([]size, len(r.Body)), state: make([]byte, len(r.Body)), budget: maxSteps}
}

// ofRule returns the size of rule i. A recursive rule is not
// regular, nor is a rule that refers to a recursive rule.
func (s *sizer) ofRule(i int) size {
	switch s.state[i] {
	case 1:
		return size{}
	case 0:
		s.state[i] = 1
		s.rule[i] = s.of(s.rules.Body[i])
		s.state[i] = 2
	}
	return s.rule[i]
}

func (s *sizer) of(e Expr) size {
	total := size{1, true}
	add := func(x size) {
		total.states = min(total.states+x.states, maxNodes)
		total.regular = total.regular && x.regular
	}
	switch e := e.(type) {
	case Seq:
		for _, x := range e {
			add(s.of(x))
		}
	case Alt:
		for _, x := range e {
			add(s.of(x))
		}
	case Repeat:
		x := s.of(e.X)
		times := max(e.Min, e.Max, 1)
		x.states = min(x.states*times, maxNodes)
		add(x)
	case Bytes:
		total.states += len(e)
	case Class:
		total.states += 4 * len(e)
	case Automaton: // is not joined with its neighbours, so that grammars can share the classes of its states
		total.regular = false
	case Ref:
		add(s.ofRule(int(e)))
	case Limited, Token:
		total.regular = false
	}
	return total
}

// nfa adds a regular expression to n between two states.
func (s *sizer) nfa(n *fsa.NFA, e Expr, from, to int32) {
	switch e := e.(type) {
	case Seq:
		for _, x := range e {
			next := n.Add()
			s.nfa(n, x, from, next)
			from = next
		}
		n.Move(from, to)
	case Alt:
		for _, x := range e {
			s.nfa(n, x, from, to)
		}
	case Repeat:
		for range e.Min {
			next := n.Add()
			s.nfa(n, e.X, from, next)
			from = next
		}
		if e.Max < 0 {
			loop, back := n.Add(), n.Add()
			n.Move(from, loop)
			s.nfa(n, e.X, loop, back)
			n.Move(back, loop)
			n.Move(loop, to)
			return
		}
		n.Move(from, to)
		for range e.Max - e.Min {
			next := n.Add()
			s.nfa(n, e.X, from, next)
			n.Move(next, to)
			from = next
		}
	case Bytes:
		for i := range len(e) {
			next := n.Add()
			n.Edge(from, rune(e[i]), rune(e[i]), next)
			from = next
		}
		n.Move(from, to)
	case Class:
		for _, r := range e {
			n.EdgeUTF8(from, r.Lo, r.Hi, to)
		}
	case Ref:
		s.nfa(n, s.rules.Body[e], from, to)
	}
}

// automaton returns e as a DFA, or nil if e is not regular or too large.
func (s *sizer) automaton(e Expr) *fsa.DFA {
	if a, ok := e.(Automaton); ok {
		return a.DFA
	}
	limit := maxStates
	switch e.(type) {
	case Bytes, Class: // their automata are only as large as the expressions
		limit = maxNodes
	default:
		if z := s.of(e); !z.regular || z.states > maxInline || s.budget <= 0 {
			return nil
		}
	}
	n := &fsa.NFA{}
	switch e.(type) {
	case Bytes, Class:
	default:
		n.Budget = &s.budget
	}
	from, to := n.Add(), n.Add()
	s.nfa(n, e, from, to)
	d, err := n.Determinize(from, to, limit)
	if err != nil {
		return nil
	}
	if len(d.States) < 2000 {
		d = d.Minimize()
	}
	return d
}
