package jsonschema

import (
	"slices"
	"sync"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
)

// stringSet is the set of the strings that dfa accepts and that have min to max code points. If dfa
// is nil, any string is accepted. If max is -1, there is no upper bound.
type stringSet struct {
	dfa      *fsa.DFA
	min, max int
	listed   bool // the strings are values of enum or const: only the usual escapes are allowed
}

func (s *stringSet) empty() bool { return s.max >= 0 && s.min > s.max || s.dfa != nil && s.dfa.Empty() }

// stringStates bounds the states of an automaton of strings over code points.
const stringStates = 20_000

func (s *stringSet) and(o *stringSet) (*stringSet, error) {
	out := &stringSet{dfa: s.dfa, min: max(s.min, o.min), max: s.max, listed: s.listed || o.listed}
	if s.max < 0 || o.max >= 0 && o.max < s.max {
		out.max = o.max
	}
	switch {
	case s.dfa == nil:
		out.dfa = o.dfa
	case o.dfa != nil && s.dfa != o.dfa:
		d, err := fsa.Product(s.dfa, o.dfa, fsa.And, stringStates)
		if err != nil {
			return nil, err
		}
		out.dfa = d
	}
	return out, nil
}

// not returns sets whose union is all strings that are not in s.
func (s *stringSet) not() ([]*stringSet, error) {
	var out []*stringSet
	if s.dfa != nil {
		d, err := fsa.Product(everything, s.dfa, fsa.Diff, stringStates)
		if err != nil {
			return nil, err
		}
		out = append(out, &stringSet{dfa: d, max: -1})
	}
	if s.min > 0 {
		out = append(out, &stringSet{max: s.min - 1})
	}
	if s.max >= 0 {
		out = append(out, &stringSet{min: s.max + 1, max: -1})
	}
	return out, nil
}

// everything accepts all strings.
var everything = &fsa.DFA{States: []fsa.State{{Accept: true, Edges: []fsa.Edge{{Lo: 0, Hi: fsa.MaxRune, To: 0}}}}}

// oneOf returns the automaton that accepts exactly the given strings. The error is fsa.ErrTooLarge
// if it would have more than listStates states.
func oneOf(texts []string) (*fsa.DFA, error) {
	n := &fsa.NFA{}
	start, end := n.Add(), n.Add()
	for _, t := range texts {
		at := start
		for _, r := range t {
			next := n.Add()
			n.Edge(at, r, r, next)
			at = next
		}
		n.Move(at, end)
	}
	return n.Determinize(start, end, listStates)
}

// listStates is the largest number of states of an automaton for the values that a schema lists.
// Each character of such a value may need a state, and a number like 1e400 has hundreds of digits.
const listStates = 1 << 20

// Automata for JSON strings. All grammars use the same automata. So they share
// the classes of tokens that are computed for an automaton and a vocabulary.
var (
	anyString = sync.OnceValue(func() *fsa.DFA { return encode(everything, true, true) })
	oneChar   = sync.OnceValue(func() *fsa.DFA {
		one := &fsa.DFA{States: []fsa.State{{Edges: []fsa.Edge{{Lo: 0, Hi: fsa.MaxRune, To: 1}}}, {Accept: true}}}
		return encode(one, true, false)
	})
	// anyFew accepts any string except the empty one.
	anyFew = sync.OnceValue(func() *fsa.DFA { return encode(compile(`^[^]`), true, true) })
)

// expr returns the expression for the set's strings in JSON.
func (s *stringSet) expr() (grammar.Expr, error) {
	if s.dfa == nil {
		quote, char := grammar.Bytes(`"`), grammar.Automaton{DFA: oneChar()}
		switch {
		case s.min == 0 && s.max < 0:
			return grammar.Automaton{DFA: anyString()}, nil
		case s.min == 1 && s.max < 0:
			return grammar.Automaton{DFA: anyFew()}, nil
		}
		return grammar.Seq{quote, grammar.Repeat{X: char, Min: s.min, Max: s.max}, quote}, nil
	}
	d := s.dfa
	limited := int64(s.max)*int64(len(d.States)) > manyLengths // true: grammar.Limited counts the length; false: the automaton does
	if s.min > 0 || s.max >= 0 && !limited {
		maximum := s.max
		if limited {
			maximum = -1
		}
		var err error
		if d, err = fsa.Product(d, lengths(s.min, maximum), fsa.And, 3*stringStates); err != nil {
			return nil, err
		}
	}
	if len(d.States) < 500 {
		d = d.Minimize()
	}
	if limited {
		return limit(d, s.max, !s.listed), nil
	}
	return grammar.Automaton{DFA: encode(d, !s.listed && len(d.States) < 2000, true)}, nil
}

// manyLengths bounds the states that count the length of a string. If more are needed, a
// grammar.Limited counts the length instead.
const manyLengths = 3000

// limit returns the expression, in JSON, for the strings of d that have at most maxRunes code points.
func limit(d *fsa.DFA, maxRunes int, escapes bool) grammar.Expr {
	d = d.Trim()
	l := grammar.Limited{DFA: spell(d, escapes && len(d.States) < 2000, true), Max: maxRunes}
	l.Counts = make([]bool, len(l.States))
	for q := range d.States {
		l.Counts[1+q] = true // the function spell numbers d's states from 1
	}
	return l
}

// lengths returns the automaton of strings of low to high code points. high -1: no bound.
func lengths(low, high int) *fsa.DFA {
	n := high
	if high < 0 {
		n = low
	}
	d := &fsa.DFA{}
	for i := range min(n, stringStates) + 1 {
		s := fsa.State{Accept: i >= low}
		if i < n {
			s.Edges = []fsa.Edge{{Lo: 0, Hi: fsa.MaxRune, To: int32(i + 1)}}
		} else if high < 0 {
			s.Edges = []fsa.Edge{{Lo: 0, Hi: fsa.MaxRune, To: int32(i)}}
		}
		d.States = append(d.States, s)
	}
	if last := len(d.States) - 1; last < n { // a product with so many states would fail anyway
		d.States[last] = fsa.State{Accept: true}
	}
	return d
}

// encode returns an automaton over bytes. It accepts the strings of d as they
// are written in JSON. If escapes is set, all of JSON's escapes are allowed,
// and otherwise only the usual ones (hexUsual). If quotes is set, the automaton
// also expects the quotes around the string. Surrogates occur only in pairs.
func encode(d *fsa.DFA, escapes, quotes bool) *fsa.DFA { return spell(d, escapes, quotes).Trim() }

// spell does what encode does, but without Trim. If quotes is set, state q of d becomes state q+1.
func spell(d *fsa.DFA, escapes, quotes bool) *fsa.DFA {
	out := &fsa.DFA{States: make([]fsa.State, 0, 4*len(d.States))}
	add := func(s fsa.State) int32 {
		out.States = append(out.States, s)
		return int32(len(out.States) - 1)
	}
	base := int32(0)
	if quotes {
		add(fsa.State{Edges: []fsa.Edge{{Lo: '"', Hi: '"', To: 1}}})
		base = 1
	}
	for _, s := range d.States {
		add(fsa.State{Accept: s.Accept && !quotes})
	}
	closed := int32(-1)
	if quotes {
		closed = add(fsa.State{Accept: true})
	}
	for q, s := range d.States {
		t := templateOf(s.Edges, escapes)
		first := int32(len(out.States))
		target := func(to int32) int32 {
			if to < 0 {
				return base + s.Edges[-1-to].To
			}
			return first + to - 1 // node 0 is q itself
		}
		for i, n := range t {
			var edges []fsa.Edge
			for _, e := range n {
				edges = append(edges, fsa.Edge{Lo: e.Lo, Hi: e.Hi, To: target(e.To)})
			}
			if i > 0 {
				add(fsa.State{Edges: edges})
				continue
			}
			if quotes && s.Accept {
				edges = append(edges, fsa.Edge{Lo: '"', Hi: '"', To: closed})
				slices.SortFunc(edges, func(a, b fsa.Edge) int { return int(a.Lo - b.Lo) })
			}
			out.States[base+int32(q)].Edges = edges
		}
	}
	return out
}
