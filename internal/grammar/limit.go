package grammar

import (
	"math"
	"sync/atomic"
)

// limit bounds the count of a term's text (see Limited). The count is not part of the
// automaton's state: each reading (one way to parse the text) carries its own count. A
// reading is dropped as soon as its count plus minTicks of its state exceeds maxTicks.
type limit struct {
	counts   []bool  // for each state: entering it counts 1, except from state 0
	minTicks []int32 // for each state: the least count from there to an accepting state
	maxTicks int32
}

// left returns by how much the count may still rise.
func (t *term) left(count int32) int32 {
	switch {
	case t.limit != nil:
		return t.maxTicks - count
	case t.counted():
		return t.max - count
	}
	return math.MaxInt32
}

// ticks returns the count of a step from one state to another: 0 or 1.
func (l *limit) ticks(from, to int32) int32 {
	if from != 0 && l.counts[to] {
		return 1
	}
	return 0
}

// limited adds edges for the texts of e between two nodes.
func (c *compiler) limited(e Limited, from, to int32) {
	l := &limit{counts: e.Counts, minTicks: fewestTicks(e), maxTicks: int32(min(e.Max, math.MaxInt32/2))}
	if l.minTicks[0] > l.maxTicks {
		return
	}
	if e.States[0].Accept {
		c.edge(from, edge{kind: empty, to: to})
	}
	c.p.terms = append(c.p.terms, &term{dfa: e.DFA, table: make([]atomic.Pointer[[256]int32], len(e.States)), limit: l})
	c.edge(from, edge{kind: terminal, x: int32(len(c.p.terms) - 1), to: to})
}

// fewestTicks returns, for each state, the least count from there to an accepting state.
func fewestTicks(e Limited) []int32 {
	const never = math.MaxInt32 / 2
	back := make([][]int32, len(e.States)) // for each state, the states with an edge to it
	fewest := make([]int32, len(e.States))
	var now, next []int32
	for q, s := range e.States {
		if fewest[q] = never; s.Accept {
			fewest[q] = 0
			now = append(now, int32(q))
		}
		for _, x := range s.Edges {
			back[x.To] = append(back[x.To], int32(q))
		}
	}
	for n := int32(0); len(now) > 0; n++ {
		next = next[:0]
		for len(now) > 0 {
			q := now[len(now)-1]
			now = now[:len(now)-1]
			if fewest[q] != n {
				continue
			}
			for _, p := range back[q] {
				more := int32(0)
				if p != 0 && e.Counts[q] {
					more = 1
				}
				switch {
				case fewest[p] <= n+more:
				case more == 0:
					fewest[p] = n
					now = append(now, p)
				default:
					fewest[p] = n + 1
					next = append(next, p)
				}
			}
		}
		now, next = next, now
	}
	return fewest
}
