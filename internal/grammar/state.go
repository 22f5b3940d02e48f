package grammar

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// head is a reading (one way to parse the text so far) that ends within a term.
type head struct {
	edge     *edge
	q, count int32
	up       *context
}

// tokenHead is a reading that continues with a single token.
type tokenHead struct {
	edge *edge
	up   *context
}

// state holds all readings of a text. A state does not change, except for its caches.
type state struct {
	final  bool // the text may end here
	heads  []head
	tokens []tokenHead

	few  []step // cached next states, by byte
	all  *[256]*state
	mask *Mask
	sole sole
}

type step struct {
	b  byte
	to *state
}

// dead reports whether the text has no reading left.
func (s *state) dead() bool { return !s.final && len(s.heads) == 0 && len(s.tokens) == 0 }

// Bounds of a text's state.
const (
	maxHeads  = 20_000     // readings in one state
	maxStored = 3000       // cached states
	maxParts  = 300_000    // readings in all cached states
	maxWork   = 100_000    // steps for one byte
	maxSpent  = 10_000_000 // steps for one token or one mask
)

// place is a node in a context.
type place struct {
	node int32
	up   *context
}

// machine computes the states of a program. It serves one text.
type machine struct {
	p        *Program
	id       uint32
	contexts map[string]*context
	states   map[string]*state
	after    map[place]*state

	// The position being processed:
	todo    []place
	seen    map[place]bool
	opened  map[int32]*context
	heads   []head
	tokens  []tokenHead
	final   bool
	work    int
	spent   int  // steps since the last token
	over    bool // there were too many steps, so nothing fits
	parts   int  // readings in all cached states
	key     []byte
	dead    *state
	tooMany *state // the dead state that follows when there are too many readings
	tooDeep bool
}

func newMachine(p *Program) *machine {
	m := &machine{p: p, dead: &state{}, tooMany: &state{}, seen: map[place]bool{}, opened: map[int32]*context{}}
	m.forget()
	return m
}

// forget empties the caches. States that are still in use stay valid.
func (m *machine) forget() {
	m.parts = 0
	m.contexts, m.states, m.after = map[string]*context{}, map[string]*state{}, map[place]*state{}
}

// start returns the state of the empty text.
func (m *machine) start() *state {
	root := m.intern(&context{open: true, root: true})
	return m.closure([]place{{m.p.rules[0].start, root}})
}

// next returns the state after byte b.
func (m *machine) next(s *state, b byte) *state {
	if s.all != nil {
		if to := s.all[b]; to != nil {
			return to
		}
	} else {
		for _, k := range s.few {
			if k.b == b {
				return k.to
			}
		}
	}
	if m.spent > maxSpent {
		m.over = true
		return m.dead
	}
	to := m.advance(s, b)
	switch {
	case s.all != nil:
		s.all[b] = to
	case len(s.few) < 12:
		s.few = append(s.few, step{b, to})
	default:
		s.all = new([256]*state)
		for _, k := range s.few {
			s.all[k.b] = k.to
		}
		s.all[b], s.few = to, nil
	}
	return to
}

func (m *machine) advance(s *state, b byte) *state {
	var seeds []place
	m.heads = m.heads[:0]
	m.spent += 1 + len(s.heads)
	for _, h := range s.heads {
		t := m.p.terms[h.edge.x]
		q, count := t.step(h.q, h.count, b)
		if q < 0 {
			continue
		}
		if t.more(q, count) {
			m.heads = append(m.heads, head{h.edge, q, count, h.up})
		}
		if t.accepts(q, count) {
			seeds = append(seeds, place{h.edge.to, h.up})
		}
	}
	if len(m.heads) == 0 && len(seeds) == 0 {
		return m.dead
	}
	return m.close(seeds)
}

// closure returns the state of a text that has reached the places in seeds.
func (m *machine) closure(seeds []place) *state {
	m.heads = m.heads[:0]
	return m.close(seeds)
}

// behind returns the state of the single reading that has just ended h's term.
func (m *machine) behind(h head) *state {
	k := place{h.edge.to, h.up}
	s, ok := m.after[k]
	if !ok {
		s = m.closure([]place{k})
		m.after[k] = s
	}
	return s
}

// From seeds, close follows all edges that take no bytes. It returns the
// state of the readings that it finds and of those in m.heads. Rules that are
// called from several places at once share a context (E. Scott, A. Johnstone,
// "GLL Parsing", 2010), so that an ambiguous text has few readings.
func (m *machine) close(seeds []place) *state {
	m.todo, m.tokens = append(m.todo[:0], seeds...), m.tokens[:0]
	m.final, m.work, m.tooDeep = false, 0, false
	clear(m.seen)
	clear(m.opened)
	for len(m.todo) > 0 {
		pl := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		if m.seen[pl] {
			continue
		}
		m.seen[pl] = true
		if m.visit(pl); m.work > maxWork || len(m.heads) > maxHeads {
			m.spent += m.work
			return m.tooMany
		}
	}
	m.spent += m.work
	return m.finish()
}

// join returns the state that has the readings of s, and also the readings at seeds.
func (m *machine) join(s *state, seeds []place) *state {
	o := m.closure(seeds)
	m.heads = append(append(m.heads[:0], s.heads...), o.heads...)
	m.tokens = append(append(m.tokens[:0], s.tokens...), o.tokens...)
	m.final, m.tooDeep = s.final || o.final, false
	return m.finish()
}

func (m *machine) visit(pl place) {
	n := &m.p.nodes[pl.node]
	if n.final {
		m.complete(pl.up)
	}
	for i := range n.edges {
		m.work++
		switch e := &n.edges[i]; e.kind {
		case empty:
			m.todo = append(m.todo, place{e.to, pl.up})
		case terminal:
			m.heads = append(m.heads, head{edge: e, up: pl.up})
		case token:
			m.tokens = append(m.tokens, tokenHead{e, pl.up})
		case loop:
			m.addLink(m.enter(e.x), link{edge: e, fresh: true, up: pl.up})
		case call:
			m.call(e, pl.up)
		}
	}
}

// finish returns the interned state of m.heads, m.tokens and m.final.
func (m *machine) finish() *state {
	if m.parts > maxParts || len(m.states) > maxStored || len(m.contexts) > maxStored || len(m.after) > maxStored {
		m.forget()
	}
	for i := range m.heads {
		m.heads[i].up = m.intern(m.heads[i].up)
	}
	for i := range m.tokens {
		m.tokens[i].up = m.intern(m.tokens[i].up)
	}
	if m.tooDeep {
		return m.dead
	}
	slices.SortFunc(m.heads, func(a, b head) int {
		return cmp.Or(cmp.Compare(a.edge.id, b.edge.id), cmp.Compare(a.q, b.q), cmp.Compare(a.count, b.count), cmp.Compare(a.up.id, b.up.id))
	})
	m.heads = slices.Compact(m.heads)
	slices.SortFunc(m.tokens, func(a, b tokenHead) int {
		return cmp.Or(cmp.Compare(a.edge.id, b.edge.id), cmp.Compare(a.up.id, b.up.id))
	})
	m.tokens = slices.Compact(m.tokens)
	key := appendInts(m.key[:0], int32(len(m.heads)))
	if m.final {
		key = append(key, 1)
	}
	for _, h := range m.heads {
		key = appendInts(key, h.edge.id, h.q, h.count, int32(h.up.id))
	}
	for _, t := range m.tokens {
		key = appendInts(key, t.edge.id, int32(t.up.id))
	}
	m.key = key
	if s, ok := m.states[string(key)]; ok {
		return s
	}
	s := &state{final: m.final, heads: slices.Clone(m.heads), tokens: slices.Clone(m.tokens)}
	if s.dead() {
		s = m.dead
	}
	m.states[string(key)] = s
	m.parts += 1 + len(s.heads) + len(s.tokens)
	return s
}

func appendInts(b []byte, v ...int32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return b
}
