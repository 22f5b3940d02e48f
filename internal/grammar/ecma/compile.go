package ecma

import (
	"strings"

	"alpaca/internal/grammar/fsa"
)

// compiler makes an NFA from a pattern's tree.
type compiler struct {
	nfa      *fsa.NFA
	tooLarge bool
}

// add adds n to the NFA between two states.
func (c *compiler) add(n node, from, to int32) {
	if c.nfa.Len() > maxStates {
		c.tooLarge = true
	}
	if c.tooLarge {
		return
	}
	switch n := n.(type) {
	case class:
		for _, e := range n {
			c.nfa.Edge(from, e.Lo, e.Hi, to)
		}
	case assert:
		c.nfa.Assert(from, fsa.Assertion(n), to)
	case seq:
		for _, x := range n {
			next := c.nfa.Add()
			c.add(x, from, next)
			from = next
		}
		c.nfa.Move(from, to)
	case alt:
		for _, x := range n {
			c.add(x, from, to)
		}
	case repeat:
		c.repeat(n, from, to)
	}
}

func (c *compiler) repeat(n repeat, from, to int32) {
	for range n.min {
		if c.tooLarge {
			return
		}
		next := c.nfa.Add()
		c.add(n.x, from, next)
		from = next
	}
	if n.max < 0 {
		loop := c.nfa.Add()
		c.nfa.Move(from, loop)
		back := c.nfa.Add()
		c.add(n.x, loop, back)
		c.nfa.Move(back, loop)
		c.nfa.Move(loop, to)
		return
	}
	c.nfa.Move(from, to)
	for range n.max - n.min {
		if c.tooLarge {
			return
		}
		next := c.nfa.Add()
		c.add(n.x, from, next)
		c.nfa.Move(next, to)
		from = next
	}
}

// cleaned returns s as valid UTF-8.
func cleaned(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
