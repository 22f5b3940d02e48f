package grammar

import (
	"cmp"
	"slices"
)

// context says where a text continues when a rule ends. It belongs to a rule and
// to the position where the rule began. It has a link for each call of the rule at
// that position. Contexts are interned, so equal contexts have the same pointer.
type context struct {
	id    uint32
	depth int32
	root  bool // the whole text may end with the rule
	links []link

	// Used only while a position is processed:
	open  bool       // the context may still get links
	ended bool       // the rule has ended without taking a byte
	tails []*context // open contexts of rules that this rule calls at its end; they get the same links
	canon *context   // the interned context; nil: not interned yet
}

// link is a call that a context returns to.
type link struct {
	edge  *edge
	count int32    // for a loop: how many rounds have ended
	fresh bool     // for a loop: this round began at the position being processed
	up    *context // context of the calling rule
}

// call enters the rule of e. up is the context of the calling rule. The context of e's rule
// gets a link to up. If e is a tail call, after which the calling rule ends, the context
// gets copies of up's links instead. So right recursion does not increase the depth.
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

// enter returns the context of a rule that begins at the position being processed.
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

// complete is called when the rule of the context up has ended. For each
// link of up, the text may continue after the call that the link stands for.
func (m *machine) complete(up *context) {
	m.final = m.final || up.root
	up.ended = up.ended || up.open
	for i := range len(up.links) {
		m.back(up.links[i])
	}
}

// back adds to m.todo the place after the call of l, or begins the loop's next round.
func (m *machine) back(l link) {
	e := l.edge
	m.work++
	if e.kind == call {
		m.todo = append(m.todo, place{e.to, l.up})
		return
	}
	// A round without a byte adds nothing, because the node of e also has an empty edge to e.to.
	if l.fresh {
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

// intern returns the permanent context that equals c. Contexts of one position form no cycle,
// because no rule calls itself before it has taken a byte.
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
