package grammar

import "fmt"

// Matcher follows one text through a program. It implements sampler.Drafter and sampler.Lister. It
// is not safe for concurrent use.
type Matcher struct {
	m     *machine
	vocab *Vocab
	cur   *state
	ended bool
	asked int // number of calls of Allowed in this state, while it has no mask
	gaps  gaps

	masked [3]*state // the last states that got masks; older masks are reused
	oldest int
}

// NewMatcher returns a matcher at the beginning of a text. If v is nil, only the methods for
// bytes may be called.
func (p *Program) NewMatcher(v *Vocab) *Matcher {
	m := &Matcher{m: newMachine(p), vocab: v}
	m.cur = m.m.start()
	return m
}

// Snapshot is a position in a text, to which Restore returns.
type Snapshot struct {
	s     *state
	ended bool
}

// Snapshot returns the current position.
func (m *Matcher) Snapshot() Snapshot { return Snapshot{m.cur, m.ended} }

// Restore returns to a position of the same matcher.
func (m *Matcher) Restore(s Snapshot) { m.cur, m.ended, m.asked, m.gaps.in = s.s, s.ended, 0, false }

// AcceptBytes appends text to the text so far. If text does not fit, the matcher does not move, and
// AcceptBytes returns false and the number of bytes that fit.
func (m *Matcher) AcceptBytes(text []byte) (int, bool) {
	s := m.cur
	for i, b := range text {
		m.m.spent = 0
		if s = m.m.next(s, b); s.dead() {
			return i, false
		}
	}
	m.cur, m.asked = s, 0
	return len(text), true
}

// Complete reports whether the text may end here.
func (m *Matcher) Complete() bool { return m.cur.final }

// Done reports whether the text is complete and nothing may follow.
func (m *Matcher) Done() bool {
	return m.ended || m.cur.final && len(m.cur.heads) == 0 && len(m.cur.tokens) == 0
}

// Allowed reports whether token id may come next.
func (m *Matcher) Allowed(id int32) bool {
	if m.ended || id < 0 || int(id) >= m.vocab.n {
		return false
	}
	if m.cur.mask != nil {
		return m.cur.mask.Has(id)
	}
	if m.asked++; m.asked > 16 { // the caller probably asks for the whole vocabulary
		return m.Mask().Has(id)
	}
	if m.vocab.ends[id] && m.cur.final {
		return true
	}
	return !m.after(id).dead()
}

// after returns the state after token id. If the token does not fit, the state is dead.
func (m *Matcher) after(id int32) *state {
	s := m.m.dead
	if text := m.vocab.text[id]; len(text) > 0 {
		s = m.cur
		for _, b := range text {
			if s = m.m.next(s, b); s.dead() {
				break
			}
		}
	}
	if len(m.cur.tokens) == 0 {
		return s
	}
	var seeds []place
	for _, t := range m.cur.tokens {
		if (t.edge.x == id) != t.edge.not {
			seeds = append(seeds, place{t.edge.to, t.up})
		}
	}
	if len(seeds) == 0 {
		return s
	}
	return m.m.join(s, seeds)
}

// Accept continues the text with token id. It returns an error if the token does not fit.
func (m *Matcher) Accept(id int32) error {
	if m.ended || id < 0 || int(id) >= m.vocab.n {
		return fmt.Errorf("grammar: token %d comes after the end or is not in the vocabulary of %d tokens", id, m.vocab.n)
	}
	m.m.spent = 0
	s := m.after(id)
	switch {
	case m.m.over || s == m.m.tooMany:
		return ErrTooAmbiguous
	case !s.dead():
		m.note(m.vocab.text[id])
		m.cur, m.asked = s, 0
	case m.vocab.ends[id] && m.cur.final:
		m.ended = true
	default:
		return fmt.Errorf("grammar: token %d (%q) does not fit", id, m.vocab.text[id])
	}
	return nil
}

// note remembers the white space of text, which follows the current state.
func (m *Matcher) note(text []byte) {
	s := m.cur
	for _, b := range text {
		m.gaps.note(m.m.only(s), b)
		if s = m.m.next(s, b); s.dead() {
			return
		}
	}
}

// ErrTooAmbiguous says that a grammar reads a text in more ways than a matcher follows.
var ErrTooAmbiguous = fmt.Errorf("grammar: too ambiguous: more than %d ways to read the text, or %d steps for a token", maxHeads, maxSpent)

// Mask returns the set of tokens that may come next.
// The set is valid until the next token is accepted.
func (m *Matcher) Mask() *Mask {
	if m.ended {
		return NewMask(m.vocab.n)
	}
	if m.cur.mask != nil {
		return m.cur.mask
	}
	m.m.spent = 0
	out := m.newMask()
	for _, h := range m.cur.heads {
		m.addHead(out, h)
	}
	if m.cur.final {
		for id := range m.vocab.ends {
			out.set(id)
		}
	}
	for _, t := range m.cur.tokens {
		m.addToken(out, t)
	}
	if m.m.over { // the mask is incomplete
		clear(out.words)
	}
	m.cur.mask = out
	return out
}

// List implements sampler.Lister.
func (m *Matcher) List() []uint64 { return m.Mask().words }

// newMask returns an empty mask for the current state. It reuses the mask of the oldest state in
// masked.
func (m *Matcher) newMask() *Mask {
	s := m.masked[m.oldest]
	m.masked[m.oldest] = m.cur
	m.oldest = (m.oldest + 1) % len(m.masked)
	if s == nil {
		return NewMask(m.vocab.n)
	}
	out := s.mask
	s.mask = nil
	clear(out.words)
	return out
}

func (m *Matcher) addToken(out *Mask, t tokenHead) {
	if !t.edge.not {
		if int(t.edge.x) < m.vocab.n {
			out.set(t.edge.x)
		}
		return
	}
	for id := range int32(m.vocab.n) {
		if id != t.edge.x {
			out.set(id)
		}
	}
}

// addHead adds the tokens that may follow one head, which is a reading of the text so
// far. Some of these tokens stay within the head's term, others continue after it.
func (m *Matcher) addHead(out *Mask, h head) {
	v := m.vocab
	t := m.m.p.terms[h.edge.x]
	c := v.class(t, h.q)
	left := t.left(h.count)
	switch {
	case c.mask != nil:
		out.or(c.mask)
	case c.ticks != nil:
		c.addUpTo(out, left)
	default:
		for _, id := range c.ids {
			out.set(id)
		}
	}
	m.addExits(out, h, c.exits, nil)
	if c.base != nil {
		m.addExits(out, h, c.base.exits, c.skip)
	}
}

// addExits adds the tokens that continue after h's term, except the tokens below the nodes of skip.
func (m *Matcher) addExits(out *Mask, h head, exits map[byte][]exit, skip map[int32]bool) {
	if len(exits) == 0 {
		return
	}
	t := m.m.p.terms[h.edge.x]
	left := t.left(h.count)
	behind := m.m.behind(h)
	for b, nodes := range exits {
		s := m.m.next(behind, b)
		if s.dead() {
			continue
		}
		for _, x := range nodes {
			if skip[x.node] || x.ticks > left || t.counted() && h.count+x.ticks < t.min {
				continue
			}
			m.walk(out, x.node, s)
		}
	}
}

// walk adds the tokens at node, and the tokens below that fit. s is the state after node's byte.
func (m *Matcher) walk(out *Mask, node int32, s *state) {
	v := m.vocab
	for _, id := range v.at(node) {
		out.set(id)
	}
	end := node + v.size[node]
	for i := node + 1; i < end; i += v.size[i] {
		if to := m.m.next(s, v.char[i]); !to.dead() {
			m.walk(out, i, to)
		}
	}
}
