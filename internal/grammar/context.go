package grammar

import (
	"cmp"
	"slices"
)

// context is where a rule's end leads: to all places that called it at the same
// position of the text. Contexts are interned: equal ones are the same pointer.
type context struct {
	id    uint32
	depth int32
	root  bool // the end is an end of the whole text
	links []link

	// While a position is worked on:
	open  bool
	ended bool       // the rule has ended without taking anything
	tails []*context // open, and get this one's links too
	canon *context
}

// link is a caller.
type link struct {
	edge  *edge
	count int32 // loop: how many have ended before
	fresh bool  // loop: this one began at the position being worked on
	up    *context
}

// call enters a rule. The last call of a rule leads to where that rule leads, so that
// right recursion takes no depth.
func (m *machine) call(e *edge, up *context) {
	c := m.enter(e.x)
	if !m.p.nodes[e.to].tail {
		m.addLink(c, link{edge: e, up: up})
		return
	}
	if up.open {
		up.tails = append(up.tails, c)
	}
	for _, l := range slices.Clone(up.links) {
		m.addLink(c, l)
	}
	if up.root {
		m.setRoot(c)
	}
}

// enter returns the context of a rule that begins here.
func (m *machine) enter(rule int32) *context {
	c, ok := m.opened[rule]
	if !ok {
		c = &context{open: true}
		m.opened[rule] = c
		m.todo = append(m.todo, place{m.p.rules[rule].start, c})
	}
	return c
}

func (m *machine) addLink(c *context, l link) {
	m.work += 1 + len(c.links)/16
	if m.work > maxWork || slices.Contains(c.links, l) {
		return
	}
	c.links = append(c.links, l)
	if c.ended {
		m.back(l)
	}
	for _, t := range c.tails {
		m.addLink(t, l)
	}
}

func (m *machine) setRoot(c *context) {
	if c.root {
		return
	}
	c.root = true
	m.final = m.final || c.ended
	for _, t := range c.tails {
		m.setRoot(t)
	}
}

// complete goes back to all who called.
func (m *machine) complete(up *context) {
	m.final = m.final || up.root
	up.ended = up.ended || up.open
	for i := range len(up.links) {
		m.back(up.links[i])
	}
}

// back goes on after a call.
func (m *machine) back(l link) {
	e := l.edge
	m.work++
	if e.kind == call {
		m.todo = append(m.todo, place{e.to, l.up})
		return
	}
	if l.fresh { // a round of nothing gets nowhere: there is an empty edge for it
		return
	}
	count := l.count + 1
	if e.max < 0 {
		count = min(count, e.min)
	}
	if count >= e.min {
		m.todo = append(m.todo, place{e.to, l.up})
	}
	if e.max < 0 || count < e.max {
		m.addLink(m.enter(e.x), link{e, count, true, l.up})
	}
}

// intern returns the context that equals c and stays. Contexts of one position cannot
// go in a circle, because no rule calls itself before it takes a character.
func (m *machine) intern(c *context) *context {
	if !c.open {
		return c
	}
	if c.canon != nil {
		return c.canon
	}
	links := slices.Clone(c.links)
	depth := int32(0)
	for i := range links {
		links[i].up, links[i].fresh = m.intern(links[i].up), false
		depth = max(depth, links[i].up.depth+1)
	}
	m.tooDeep = m.tooDeep || depth > maxDepth
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.edge.id, b.edge.id), cmp.Compare(a.count, b.count), cmp.Compare(a.up.id, b.up.id))
	})
	links = slices.Compact(links)
	key := []byte{0}
	if c.root {
		key[0] = 1
	}
	for _, l := range links {
		key = appendInts(key, l.edge.id, l.count, int32(l.up.id))
	}
	canon, ok := m.contexts[string(key)]
	if !ok {
		m.id++
		canon = &context{id: m.id, depth: depth, root: c.root, links: links}
		m.contexts[string(key)] = canon
	}
	c.canon = canon
	return canon
}
