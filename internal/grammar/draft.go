package grammar

import "strings"

// sole is the one byte that a state allows, apart from white space before it.
type sole struct {
	known bool
	b     int16 // the byte; -1: there is no such byte, or several
	white bool  // white space may precede the byte
	blank int16 // the white space byte; -1: there are several
}

func isWhite(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// only returns the sole byte of s.
func (m *machine) only(s *state) sole {
	if s.sole.known {
		return s.sole
	}
	none := sole{known: true, b: -1}
	o := none
	if !s.final && len(s.tokens) == 0 {
		for _, h := range s.heads {
			if !o.add(m.p.terms[h.edge.x], h.q, h.count) {
				o = none
				break
			}
		}
	}
	if o.white && o.b < 0 { // only white space is allowed here
		o.b, o.white = o.blank, false
	}
	s.sole = o
	return o
}

// add adds to o the bytes that t allows in state q with this
// count. It returns false if o would have several bytes.
func (o *sole) add(t *term, q, count int32) bool {
	if t.counted() && q == 0 && count >= t.max {
		return true
	}
	for _, e := range t.dfa.States[q].Edges {
		if t.limit != nil && count+t.ticks(q, e.To)+t.minTicks[e.To] > t.maxTicks {
			continue
		}
		if e.Hi-e.Lo > 1 {
			return false
		}
		for b := e.Lo; b <= e.Hi; b++ {
			switch {
			case isWhite(byte(b)):
				if o.white && o.blank != int16(b) {
					o.blank = -1
				} else {
					o.blank = int16(b)
				}
				o.white = true
			case o.b >= 0 && o.b != int16(b):
				return false
			default:
				o.b = int16(b)
			}
		}
	}
	return true
}

// gapBefore returns the key in gaps.seen for the white space between the bytes last
// and next. For the same last, all values of next except closing brackets share a key.
func gapBefore(last, next byte) [2]byte {
	if next != '}' && next != ']' {
		next = 0
	}
	return [2]byte{last, next}
}

// gaps remembers the white space that a text has between its other bytes.
type gaps struct {
	last byte               // the last byte that is not white space
	in   bool               // the text is at a position that allows white space
	run  []byte             // the white space there so far
	seen map[[2]byte]string // the white space seen last, by the key of gapBefore
}

// maxGap is the longest white space that is remembered, in bytes.
const maxGap = 32

// note adds byte b to the text. o is the sole byte of the state before b.
func (g *gaps) note(o sole, b byte) {
	if !g.in && o.white && o.b >= 0 {
		g.in, g.run = true, g.run[:0]
	}
	if g.in && isWhite(b) {
		if g.run = append(g.run, b); len(g.run) > maxGap {
			g.in = false
		}
		return
	}
	if g.in {
		if g.seen == nil {
			g.seen = map[[2]byte]string{}
		}
		if old, ok := g.seen[gapBefore(g.last, b)]; !ok || old != string(g.run) {
			g.seen[gapBefore(g.last, b)] = string(g.run)
		}
		g.in = false
	}
	g.last = b
}

// Draft appends to b at most n bytes that come next, as long as only one byte fits. If white space
// is allowed, Draft repeats the white space that the text had between the same two bytes before. It
// stops if these two bytes have not followed each other before.
func (m *Matcher) Draft(b []byte, n int) []byte {
	if m.ended {
		return b
	}
	s, last, run := m.cur, m.gaps.last, ""
	if m.gaps.in {
		run = string(m.gaps.run)
	}
	for end := len(b) + n; len(b) < end; {
		o := m.m.only(s)
		if o.b < 0 {
			break
		}
		gap, is := "", true
		if o.white {
			seen, ok := m.gaps.seen[gapBefore(last, byte(o.b))]
			if gap, is = strings.CutPrefix(seen, run); !ok || !is {
				break
			}
		}
		for _, c := range []byte(gap + string([]byte{byte(o.b)})) {
			if s = m.m.next(s, c); s.dead() || len(b) == end {
				return b
			}
			b = append(b, c)
		}
		last, run = byte(o.b), ""
	}
	return b
}
