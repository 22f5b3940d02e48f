package grammar

import (
	"errors"
	"slices"
)

var errTooLarge = errors.New("the grammar is too large")

// finish prepares the nodes for a machine. It removes edges that cannot lead to a complete text,
// simplifies loops over rules that match the empty text, and numbers the edges.
func (c *compiler) finish() error {
	p := c.p
	ends := p.productive()
	if !ends[p.rules[0].start] {
		return ErrEmpty
	}
	for i := range p.nodes {
		n := &p.nodes[i]
		n.edges = slices.DeleteFunc(n.edges, func(e edge) bool {
			return !ends[e.to] || e.kind == call && !ends[p.rules[e.x].start] ||
				e.kind == loop && !ends[p.rules[e.x].start]
		})
	}
	p.findNullable()
	for i := range p.nodes {
		n := &p.nodes[i]
		for _, e := range n.edges {
			if e.kind == loop && p.rules[e.x].nullable && e.min > 0 {
				n.edges = append(n.edges, edge{kind: empty, to: e.to})
			}
		}
		for j := range n.edges {
			if e := &n.edges[j]; e.kind == loop && p.rules[e.x].nullable {
				e.min = 0
			}
		}
	}
	p.skipEmpty()
	for i := range p.nodes {
		n := &p.nodes[i]
		n.tail = n.final && len(n.edges) == 0
	}
	number := int32(0)
	for i := range p.nodes {
		for j := range p.nodes[i].edges {
			p.nodes[i].edges[j].id = number
			number++
		}
	}
	return nil
}

// productive returns, for each node, whether the end
// of the node's rule can be reached from the node.
func (p *Program) productive() []bool {
	type wait struct{ node, edge int32 }
	ends := make([]bool, len(p.nodes))
	waiting := make([][]wait, len(p.nodes)) // by node: the edges that lead to the node, or call the rule that begins with it
	var todo []int32
	for i, n := range p.nodes {
		if n.final {
			ends[i] = true
			todo = append(todo, int32(i))
		}
		for j, e := range n.edges {
			waiting[e.to] = append(waiting[e.to], wait{int32(i), int32(j)})
			if e.kind == call || e.kind == loop {
				s := p.rules[e.x].start
				waiting[s] = append(waiting[s], wait{int32(i), int32(j)})
			}
		}
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, w := range waiting[at] {
			e := p.nodes[w.node].edges[w.edge]
			if ends[w.node] || !ends[e.to] || (e.kind == call || e.kind == loop) && !ends[p.rules[e.x].start] {
				continue
			}
			ends[w.node] = true
			todo = append(todo, w.node)
		}
	}
	return ends
}

// findNullable sets nullable in the rules that match the empty text.
func (p *Program) findNullable() {
	null := make([]bool, len(p.nodes)) // by node: the rule's end can be reached without a byte
	waiting := make([][]int32, len(p.nodes))
	var todo []int32
	for i, n := range p.nodes {
		if n.final {
			null[i] = true
			todo = append(todo, int32(i))
		}
		for _, e := range n.edges {
			switch e.kind {
			case empty:
				waiting[e.to] = append(waiting[e.to], int32(i))
			case call, loop:
				waiting[e.to] = append(waiting[e.to], int32(i))
				waiting[p.rules[e.x].start] = append(waiting[p.rules[e.x].start], int32(i))
			}
		}
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, i := range waiting[at] {
			if null[i] {
				continue
			}
			for _, e := range p.nodes[i].edges {
				if null[e.to] && (e.kind == empty || (e.kind == call || e.kind == loop) && null[p.rules[e.x].start]) {
					null[i] = true
					todo = append(todo, i)
					break
				}
			}
		}
	}
	for i := range p.rules {
		p.rules[i].nullable = null[p.rules[i].start]
	}
}

// skipEmpty makes edges skip nodes whose only edge
// is empty. Sequences produce chains of such nodes.
func (p *Program) skipEmpty() {
	target := func(i int32) int32 {
		for range 64 {
			n := &p.nodes[i]
			if n.final || len(n.edges) != 1 || n.edges[0].kind != empty {
				break
			}
			i = n.edges[0].to
		}
		return i
	}
	for i := range p.nodes {
		for j := range p.nodes[i].edges {
			p.nodes[i].edges[j].to = target(p.nodes[i].edges[j].to)
		}
	}
}
