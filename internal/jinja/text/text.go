// Package text has strings that record where each byte comes from. A Text consists of runs of
// bytes, each with one origin: the template, or some of its data. The methods of Text are
// those of Python's str. Every byte of a result keeps the origin that it had in the argument.
//
// Positions and lengths are in bytes, unless a name or comment says runes.
package text

import (
	"math"
	"slices"
)

// Origin says where bytes come from: Template, or a
// number that the caller has chosen for some data.
type Origin int32

// Template is the origin of bytes that the template itself contains.
const Template Origin = 0

// Unknown is the origin of data whose source is not known, such as the digits of numbers.
const Unknown Origin = math.MaxInt32

// Text is a string with the origin of each of its bytes. The zero value is empty.
// Texts are immutable.
type Text struct {
	s    string
	runs []run  // in the order of their ends; nil: all of s has the origin o
	o    Origin // the origin of all bytes if runs is nil
	safe bool   // HTML that must not be escaped again (Python's Markup)
}

// run is consecutive bytes of one origin: from the end of the previous run to offset end-1.
type run struct {
	end int
	o   Origin
}

// Span is bytes of one origin.
type Span struct {
	Text   string
	Origin Origin
}

// New returns a text whose origin is the template.
func New(s string) Text { return Text{s: s} }

// From returns a text of the given origin.
func From(s string, o Origin) Text { return Text{s: s, o: o} }

// String returns the bytes.
func (t Text) String() string { return t.s }

// Len returns the number of bytes.
func (t Text) Len() int { return len(t.s) }

// Size returns approximately how many bytes of memory the text takes.
func (t Text) Size() int { return len(t.s) + 16*len(t.runs) }

// Safe reports whether the text is marked as HTML that needs no escaping.
func (t Text) Safe() bool { return t.safe }

// AsSafe returns the text with the mark of Safe set or removed.
func (t Text) AsSafe(safe bool) Text {
	t.safe = safe
	return t
}

// Spans returns the text as spans. Neighbouring spans have different origins.
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

// Origin returns the origin of the first byte that is data, or Template if no byte is.
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

// compact returns t with o instead of runs if there is only one run.
func (t Text) compact() Text {
	if len(t.runs) == 1 {
		t.o, t.runs = t.runs[0].o, nil
	}
	return t
}

// All returns the same text with the origin o for all bytes.
func (t Text) All(o Origin) Text { return Text{s: t.s, o: o, safe: t.safe} }

// Tainted returns s as data if any of the texts contains data. It is for the results of
// operations that cannot tell where each byte comes from.
func Tainted(s string, of ...Text) Text {
	for _, t := range of {
		if o := t.Origin(); o != Template {
			return Text{s: s, o: o}
		}
	}
	return Text{s: s}
}

// Concat returns the concatenation of the texts.
func Concat(list ...Text) Text {
	var b Builder
	for _, t := range list {
		b.Add(t)
	}
	return b.Text()
}

// Builder makes a text from pieces. The zero value is ready to use.
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

// AddString appends the bytes of s with origin o.
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

// Text returns the text so far.
func (b *Builder) Text() Text {
	if len(b.runs) == 0 {
		return Text{}
	}
	return Text{s: string(b.b), runs: slices.Clone(b.runs)}.compact()
}
