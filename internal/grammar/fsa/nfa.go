package fsa

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Assertion is a condition on the place between two symbols.
type Assertion byte

// The assertions of regular expressions.
const (
	none        Assertion = iota
	Begin                 // no symbol precedes
	End                   // no symbol follows
	WordEdge              // of the characters before and after, exactly one is a word character
	NotWordEdge           // the opposite
)

// move leads to a state without taking a symbol, if assert holds.
type move struct {
	to     int32
	assert Assertion
}

// NFA is a nondeterministic automaton under construction. Its states are numbers from 0.
type NFA struct {
	// Budget, if not nil, is the number of steps that Determinize may still take. Determinize
	// subtracts the steps it takes.
	Budget *int

	edges []([]Edge)
	moves []([]move)
}

// Add returns a new state.
func (n *NFA) Add() int32 {
	n.edges = append(n.edges, nil)
	n.moves = append(n.moves, nil)
	return int32(len(n.edges) - 1)
}

// Len returns the number of states.
func (n *NFA) Len() int { return len(n.edges) }

// Edge adds an edge between two states for each symbol from lo to hi.
func (n *NFA) Edge(from int32, lo, hi rune, to int32) {
	n.edges[from] = append(n.edges[from], Edge{lo, hi, to})
}

// Move adds a move between two states. The move takes no symbol.
func (n *NFA) Move(from, to int32) { n.moves[from] = append(n.moves[from], move{to: to}) }

// Assert adds a move between two states. The move is allowed only if the assertion holds.
func (n *NFA) Assert(from int32, a Assertion, to int32) {
	n.moves[from] = append(n.moves[from], move{to: to, assert: a})
}

// EdgeUTF8 adds paths between two states for the UTF-8 bytes of each code point from lo to hi,
// except for surrogates, which UTF-8 cannot encode.
func (n *NFA) EdgeUTF8(from int32, lo, hi rune, to int32) {
	const surrogates, after = 0xD800, 0xE000
	if lo < surrogates && hi >= surrogates {
		n.EdgeUTF8(from, lo, surrogates-1, to)
		lo = after
	}
	if lo >= surrogates && lo < after {
		lo = after
	}
	if hi >= surrogates && hi < after {
		hi = surrogates - 1
	}
	for _, last := range [...]rune{0x7F, 0x7FF, 0xFFFF, MaxRune} {
		if lo > hi {
			return
		}
		if end := min(hi, last); lo <= end {
			n.sameLength(from, lo, end, to)
			lo = end + 1
		}
	}
}

// sameLength does what EdgeUTF8 does, for code points with the same number of bytes in UTF-8.
// It divides the range until each byte's range is independent of the bytes before it (as in Ken
// Thompson's and Russ Cox's regular expressions: https://swtch.com/~rsc/regexp/regexp3.html).
func (n *NFA) sameLength(from int32, lo, hi rune, to int32) {
	for shift := 6; shift < 24 && 1<<shift <= int(hi); shift += 6 {
		mask := rune(1)<<shift - 1
		if lo&^mask == hi&^mask {
			continue
		}
		if lo&mask != 0 {
			n.sameLength(from, lo, lo|mask, to)
			n.sameLength(from, (lo|mask)+1, hi, to)
			return
		}
		if hi&mask != mask {
			n.sameLength(from, lo, hi&^mask-1, to)
			n.sameLength(from, hi&^mask, hi, to)
			return
		}
	}
	var a, b [utf8.UTFMax]byte
	size := utf8.EncodeRune(a[:], lo)
	utf8.EncodeRune(b[:], hi)
	for i := range size {
		next := to
		if i < size-1 {
			next = n.Add()
		}
		n.Edge(from, rune(a[i]), rune(b[i]), next)
		from = next
	}
}

// before is the kind of the symbol before or after a position.
type before byte

const (
	nothing before = iota
	word
	other
)

// IsWord reports whether r is a word character of ECMAScript's \w.
func IsWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '_'
}

// Determinize returns the DFA of the texts that lead from start to accept. The error is
// ErrTooLarge if the DFA would have more than limit states, or if Budget is used up.
func (n *NFA) Determinize(start, accept int32, limit int) (*DFA, error) {
	d := &determinizer{n: n, accept: accept, limit: limit, number: map[string]int32{}, mark: make([]uint32, n.Len())}
	for _, moves := range n.moves {
		for _, m := range moves {
			d.asserts = d.asserts || m.assert != none
		}
	}
	first := other
	if d.asserts {
		first = nothing
	}
	d.state(subset{[]int32{start}, first})
	out := &DFA{}
	for i := 0; i < len(d.order); i++ {
		s := d.order[i]
		state := State{Accept: slices.Contains(d.closure(s, nothing), accept)}
		if d.asserts {
			state.Edges = append(d.edges(s, other), d.edges(s, word)...)
			slices.SortFunc(state.Edges, func(a, b Edge) int { return int(a.Lo - b.Lo) })
		} else {
			state.Edges = d.edges(s, other)
		}
		if len(d.order) > limit || d.work > 200*limit+1_000_000 || n.Budget != nil && d.work > *n.Budget {
			if n.Budget != nil {
				*n.Budget -= d.work
			}
			return nil, ErrTooLarge
		}
		out.States = append(out.States, state)
	}
	if n.Budget != nil {
		*n.Budget -= d.work
	}
	return out.trim(), nil
}

// subset is a state of the DFA: the states of the NFA after a text, before moves are followed.
type subset struct {
	states []int32
	last   before
}

type determinizer struct {
	n       *NFA
	accept  int32
	limit   int
	asserts bool
	number  map[string]int32
	order   []subset
	mark    []uint32
	round   uint32
	work    int // steps taken so far
	stack   []int32
}

// state returns the number of s, and adds s if it is new.
func (d *determinizer) state(s subset) int32 {
	key := []byte{byte(s.last)}
	for _, q := range s.states {
		key = binary.LittleEndian.AppendUint32(key, uint32(q))
	}
	if i, ok := d.number[string(key)]; ok {
		return i
	}
	i := int32(len(d.order))
	d.number[string(key)] = i
	d.order = append(d.order, s)
	return i
}

// closure returns the states that can be reached from
// s by moves, if a symbol of the kind next follows.
func (d *determinizer) closure(s subset, next before) []int32 {
	d.round++
	var out []int32
	stack := d.stack[:0]
	push := func(q int32) {
		if d.mark[q] != d.round {
			d.mark[q] = d.round
			stack = append(stack, q)
			out = append(out, q)
		}
	}
	for _, q := range s.states {
		push(q)
	}
	for len(stack) > 0 {
		q := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		d.work += 1 + len(d.n.moves[q])
		for _, m := range d.n.moves[q] {
			if holds(m.assert, s.last, next) {
				push(m.to)
			}
		}
	}
	d.stack = stack
	return out
}

func holds(a Assertion, last, next before) bool {
	switch a {
	case Begin:
		return last == nothing
	case End:
		return next == nothing
	case WordEdge:
		return (last == word) != (next == word)
	case NotWordEdge:
		return (last == word) == (next == word)
	}
	return true
}

// edges returns the edges of state s for the symbols of the kind next.
func (d *determinizer) edges(s subset, next before) []Edge {
	var all []Edge
	for _, q := range d.closure(s, next) {
		all = append(all, d.n.edges[q]...)
	}
	bounds := make([]rune, 0, 2*len(all))
	for _, e := range all {
		bounds = append(bounds, e.Lo, e.Hi+1)
	}
	if d.asserts {
		bounds = append(bounds, '0', '9'+1, 'A', 'Z'+1, '_', '_'+1, 'a', 'z'+1)
	}
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	targets := make([][]int32, len(bounds))
	for _, e := range all {
		i, _ := slices.BinarySearch(bounds, e.Lo)
		for ; i < len(bounds) && bounds[i] <= e.Hi; i++ {
			targets[i] = append(targets[i], e.To)
			d.work++
		}
	}
	var out []Edge
	for i, to := range targets {
		if len(to) == 0 || len(d.order) > d.limit || d.asserts && IsWord(bounds[i]) != (next == word) {
			continue
		}
		slices.Sort(to)
		out = addEdge(out, Edge{bounds[i], bounds[i+1] - 1, d.state(subset{slices.Compact(to), next})})
	}
	return out
}
