// Package fsa has finite automata over code points or bytes. It computes the union, intersection
// and difference of their languages, and makes deterministic automata from nondeterministic ones
// with assertions. Each regular part of a grammar becomes one deterministic automaton. Costly
// operations have a limit of states, so that a hostile pattern cannot take all memory.
package fsa

import (
	"errors"
	"slices"
	"sort"
)

// MaxRune is the largest symbol of an automaton over code points.
const MaxRune = 0x10FFFF

// ErrTooLarge says that an automaton would have more states than the limit.
var ErrTooLarge = errors.New("the automaton is too large")

// Edge leads to state To on each symbol from Lo to Hi, both included.
type Edge struct {
	Lo, Hi rune
	To     int32
}

// State is a state of a DFA. Its edges are in order and do not overlap. If no edge has the next
// symbol, the DFA refuses the text.
type State struct {
	Accept bool
	Edges  []Edge
}

// DFA is a deterministic automaton that starts in state 0.
// Every state except the first can reach an accepting state.
type DFA struct{ States []State }

// None returns the automaton that accepts no text.
func None() *DFA { return &DFA{States: []State{{}}} }

// Empty reports whether d accepts no text.
func (d *DFA) Empty() bool { return !d.States[0].Accept && len(d.States[0].Edges) == 0 }

// Next returns the state after symbol r in state q, or -1.
func (d *DFA) Next(q int32, r rune) int32 {
	edges := d.States[q].Edges
	i := sort.Search(len(edges), func(i int) bool { return edges[i].Hi >= r })
	if i < len(edges) && edges[i].Lo <= r {
		return edges[i].To
	}
	return -1
}

// Match reports whether d accepts text.
func (d *DFA) Match(text []rune) bool {
	q := int32(0)
	for _, r := range text {
		if q = d.Next(q, r); q < 0 {
			return false
		}
	}
	return d.States[q].Accept
}

// Finite returns the texts that d accepts, in order, if there are at
// most limit and none is longer than 64 symbols. Otherwise ok is false.
func (d *DFA) Finite(limit int) (texts []string, ok bool) {
	onPath := make([]bool, len(d.States))
	var walk func(q int32, text []rune) bool
	walk = func(q int32, text []rune) bool {
		if onPath[q] || len(text) > 64 {
			return false
		}
		onPath[q] = true
		defer func() { onPath[q] = false }()
		if d.States[q].Accept {
			texts = append(texts, string(text))
			if len(texts) > limit {
				return false
			}
		}
		for _, e := range d.States[q].Edges {
			if int(e.Hi-e.Lo) > limit {
				return false
			}
			for r := e.Lo; r <= e.Hi; r++ {
				if !walk(e.To, append(slices.Clip(text), r)) {
					return false
				}
			}
		}
		return true
	}
	if !walk(0, nil) {
		return nil, false
	}
	return texts, true
}

// trim removes states that cannot reach an accepting state, and unreachable states.
func (d *DFA) trim() *DFA {
	n := len(d.States)
	back := make([][]int32, n)
	for q, s := range d.States {
		for _, e := range s.Edges {
			if l := back[e.To]; len(l) == 0 || l[len(l)-1] != int32(q) {
				back[e.To] = append(l, int32(q))
			}
		}
	}
	live := make([]bool, n)
	var todo []int32
	for q, s := range d.States {
		if s.Accept {
			live[q] = true
			todo = append(todo, int32(q))
		}
	}
	for len(todo) > 0 {
		q := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, p := range back[q] {
			if !live[p] {
				live[p] = true
				todo = append(todo, p)
			}
		}
	}
	if !live[0] {
		return None()
	}
	return d.renumber(live)
}

// renumber returns the automaton of those states in live that
// state 0 can reach. It numbers them in breadth-first order.
func (d *DFA) renumber(live []bool) *DFA {
	number := make([]int32, len(d.States))
	for i := range number {
		number[i] = -1
	}
	number[0] = 0
	order := []int32{0}
	out := &DFA{}
	for i := 0; i < len(order); i++ {
		s := d.States[order[i]]
		var edges []Edge
		for _, e := range s.Edges {
			if !live[e.To] {
				continue
			}
			if number[e.To] < 0 {
				number[e.To] = int32(len(order))
				order = append(order, e.To)
			}
			edges = addEdge(edges, Edge{e.Lo, e.Hi, number[e.To]})
		}
		out.States = append(out.States, State{Accept: s.Accept, Edges: edges})
	}
	return out
}

// addEdge appends e to edges, and merges it with the last edge if possible.
func addEdge(edges []Edge, e Edge) []Edge {
	if n := len(edges); n > 0 && edges[n-1].To == e.To && edges[n-1].Hi+1 == e.Lo {
		edges[n-1].Hi = e.Hi
		return edges
	}
	return append(edges, e)
}

// Op says whether a product of two automata accepts a text. a says whether
// the first automaton accepts the text, and b whether the second does.
type Op func(a, b bool) bool

// The operations.
var (
	And  Op = func(a, b bool) bool { return a && b }
	Or   Op = func(a, b bool) bool { return a || b }
	Diff Op = func(a, b bool) bool { return a && !b }
)

// Product returns the automaton that accepts a text if op(a accepts it, b accepts it). op(false,
// false) must be false. If the product would have more than limit states, the error is ErrTooLarge.
func Product(a, b *DFA, op Op, limit int) (*DFA, error) {
	type pair struct{ a, b int32 }
	number := map[pair]int32{{0, 0}: 0}
	order := []pair{{0, 0}}
	out := &DFA{}
	for i := 0; i < len(order); i++ {
		p := order[i]
		sa, sb := a.at(p.a), b.at(p.b)
		var edges []Edge
		for _, c := range cuts(sa.Edges, sb.Edges) {
			next := pair{c.a, c.b}
			if next.a < 0 && !op(false, true) || next.b < 0 && !op(true, false) {
				continue
			}
			to, ok := number[next]
			if !ok {
				if to = int32(len(order)); int(to) >= limit {
					return nil, ErrTooLarge
				}
				number[next] = to
				order = append(order, next)
			}
			edges = addEdge(edges, Edge{c.lo, c.hi, to})
		}
		out.States = append(out.States, State{Accept: op(sa.Accept, sb.Accept), Edges: edges})
	}
	return out.trim(), nil
}

// at returns state q, or for -1 a state that refuses everything.
func (d *DFA) at(q int32) State {
	if q < 0 {
		return State{}
	}
	return d.States[q]
}

// cut is a range of symbols. a and b are the states
// to which it leads in the two automata; -1: none.
type cut struct {
	lo, hi rune
	a, b   int32
}

// cuts divides the symbols into ranges. Within a range, each automaton leads to one state.
func cuts(a, b []Edge) []cut {
	var out []cut
	i, j := 0, 0
	lo := rune(0)
	for i < len(a) || j < len(b) {
		c := cut{lo: lo, hi: MaxRune, a: -1, b: -1}
		c.a, c.hi = side(a, i, lo, c.a, c.hi)
		c.b, c.hi = side(b, j, lo, c.b, c.hi)
		if c.a >= 0 || c.b >= 0 {
			out = append(out, c)
		}
		lo = c.hi + 1
		if i < len(a) && a[i].Hi < lo {
			i++
		}
		if j < len(b) && b[j].Hi < lo {
			j++
		}
	}
	return out
}

// side returns the state that edges[i] leads to on symbol lo. If the edge does not exist or begins
// after lo, side returns the value of none. The second result is the last symbol, at most hi, with
// the same state.
func side(edges []Edge, i int, lo rune, none int32, hi rune) (int32, rune) {
	switch {
	case i >= len(edges):
		return none, hi
	case edges[i].Lo > lo:
		return none, min(hi, edges[i].Lo-1)
	}
	return edges[i].To, min(hi, edges[i].Hi)
}

// Trim removes states that cannot reach an accepting state, and unreachable states.
func (d *DFA) Trim() *DFA { return d.trim() }
