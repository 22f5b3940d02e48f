package fsa

import "slices"

// Lacking returns the automaton of the texts that do not contain end. The symbols are 0 to limit.
// In state i the text so far ends with the first i symbols of end, but not with a longer prefix
// of end (D. Knuth, J. Morris, V. Pratt, "Fast Pattern Matching in Strings", 1977).
func Lacking(end []rune, limit rune) *DFA {
	letters := slices.Compact(slices.Sorted(slices.Values(end)))
	d := &DFA{}
	for i := range end {
		s := State{Accept: true}
		next := rune(0)
		for _, c := range letters {
			if c > next {
				s.Edges = addEdge(s.Edges, Edge{Lo: next, Hi: c - 1, To: 0})
			}
			if to := overlap(end, append(slices.Clone(end[:i]), c)); to < len(end) {
				s.Edges = addEdge(s.Edges, Edge{Lo: c, Hi: c, To: int32(to)})
			}
			next = c + 1
		}
		if next <= limit {
			s.Edges = addEdge(s.Edges, Edge{Lo: next, Hi: limit, To: 0})
		}
		d.States = append(d.States, s)
	}
	return d
}

// overlap returns the length of the longest prefix of end that text ends with.
func overlap(end, text []rune) int {
	for k := min(len(end), len(text)); k > 0; k-- {
		if slices.Equal(text[len(text)-k:], end[:k]) {
			return k
		}
	}
	return 0
}
