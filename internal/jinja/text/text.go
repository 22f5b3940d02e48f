// Package text has strings that know where they come from. A Text is bytes and
// runs of origin: which of them a template wrote, and which came with its data.
// Its functions are the methods of Python's str, and every byte of their results
// keeps the origin that it had in the argument.
//
// Positions and lengths are bytes unless a name says runes.
package text

import (
	"math"
	"slices"
)

// Origin says where bytes come from: Template, or one of the caller's numbers
// for data.
type Origin int32

// Template is the origin of what a template itself says.
const Template Origin = 0

// Unknown is the origin of data of which nobody knows where it came from, such as what was
// made of numbers.
const Unknown Origin = math.MaxInt32

// Text is a string with the origin of each of its bytes. The zero value is empty.
// Texts are immutable.
type Text struct {
	s    string
	runs []run  // ascending; nil: all of s is of origin o
	o    Origin // where runs is nil
	safe bool   // HTML that is not to be escaped again (Python's Markup)
}

// run ends at a byte.
type run struct {
	end int
	o   Origin
}

// Span is bytes of one origin.
type Span struct {
	Text   string
	Origin Origin
}

// New returns a text of a template.
func New(s string) Text { return Text{s: s} }

// From returns a text of the given origin.
func From(s string, o Origin) Text { return Text{s: s, o: o} }

// String returns the bytes.
func (t Text) String() string { return t.s }

// Len returns the number of bytes.
func (t Text) Len() int { return len(t.s) }

// Size returns about how much memory the text takes.
func (t Text) Size() int { return len(t.s) + 16*len(t.runs) }

// Safe reports whether the text is marked as HTML that needs no escaping.
func (t Text) Safe() bool { return t.safe }

// AsSafe returns the text with that mark set or removed.
func (t Text) AsSafe(safe bool) Text {
	t.safe = safe
	return t
}

// Spans returns the bytes by origin, neighbours of one origin together.
func (t Text) Spans() []Span {
	if t.s == "" {
		return nil
	}
	if t.runs == nil {
		return []Span{{t.s, t.o}}
	}
	list := make([]Span, 0, len(t.runs))
	start := 0
	for _, r := range t.runs {
		list = append(list, Span{t.s[start:r.end], r.o})
		start = r.end
	}
	return list
}

// Origin returns Template where no byte is data, and otherwise the origin of the
// first byte that is.
func (t Text) Origin() Origin {
	if t.s == "" {
		return Template
	}
	for _, r := range t.runs {
		if r.o != Template {
			return r.o
		}
	}
	return t.o
}

// at returns the origin of the byte at i.
func (t Text) at(i int) Origin {
	if t.runs == nil {
		return t.o
	}
	return t.runs[t.run(i)].o
}

// run returns the index of the run with the byte at i.
func (t Text) run(i int) int {
	n, _ := slices.BinarySearchFunc(t.runs, i, func(r run, i int) int {
		if r.end <= i {
			return -1
		}
		return 1
	})
	return n
}

// Cut returns the bytes from i to j.
func (t Text) Cut(i, j int) Text {
	c := Text{s: t.s[i:j], safe: t.safe}
	switch {
	case i == j:
		return c
	case t.runs == nil:
		c.o = t.o
		return c
	case i == 0 && j == len(t.s):
		return t
	}
	for _, r := range t.runs[t.run(i):] {
		c.runs = append(c.runs, run{min(r.end, j) - i, r.o})
		if r.end >= j {
			break
		}
	}
	return c.compact()
}

// compact returns t without runs where one is enough.
func (t Text) compact() Text {
	if len(t.runs) == 1 {
		t.o, t.runs = t.runs[0].o, nil
	}
	return t
}

// All returns a text of the same length that is marked as of one origin.
func (t Text) All(o Origin) Text { return Text{s: t.s, o: o, safe: t.safe} }

// Tainted returns s as data where any of the texts is data: what is to be done
// with the result of an operation that does not say which byte is which.
func Tainted(s string, of ...Text) Text {
	for _, t := range of {
		if o := t.Origin(); o != Template {
			return Text{s: s, o: o}
		}
	}
	return Text{s: s}
}

// Concat returns the texts one after the other.
func Concat(list ...Text) Text {
	var b Builder
	for _, t := range list {
		b.Add(t)
	}
	return b.Text()
}

// Builder makes a text of pieces. The zero value is ready.
type Builder struct {
	b    []byte
	runs []run
}

// Add appends a text.
func (b *Builder) Add(t Text) {
	if t.runs == nil {
		b.AddString(t.s, t.o)
		return
	}
	start := 0
	for _, r := range t.runs {
		b.AddString(t.s[start:r.end], r.o)
		start = r.end
	}
}

// AddString appends bytes of an origin.
func (b *Builder) AddString(s string, o Origin) {
	if s == "" {
		return
	}
	b.b = append(b.b, s...)
	if n := len(b.runs); n > 0 && b.runs[n-1].o == o {
		b.runs[n-1].end = len(b.b)
		return
	}
	b.runs = append(b.runs, run{len(b.b), o})
}

// Len returns the number of bytes so far.
func (b *Builder) Len() int { return len(b.b) }

// Text returns what was added.
func (b *Builder) Text() Text {
	if len(b.runs) == 0 {
		return Text{}
	}
	return Text{s: string(b.b), runs: slices.Clone(b.runs)}.compact()
}
