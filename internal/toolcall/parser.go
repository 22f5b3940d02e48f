package toolcall

import (
	"strings"
)

// Parser divides the text of an answer, as it comes, into content, reasoning and calls.
// However the text is cut, the deltas are the same when they are joined: it goes byte by
// byte. Only what may be the beginning of a mark is held back.
type Parser struct {
	tools map[string]*Tool
	any   bool     // tools are not known: every name is one
	texts []string // of marks
	// NewID makes the id of a call that has none.
	NewID func() string

	step  func(b byte)
	marks []mark
	held  []byte // in content: white space and what may begin a mark

	// A call that is not certain yet.
	space []byte // in front of its mark
	raw   []byte // all of it, its mark included

	index  int  // of the present call
	open   bool // it has begun
	called bool // there was one
	said   bool // there was content

	text    []byte // collected by until and choose
	obj     object
	pv      paramValue
	gem     gemma
	harmony harmonyHeader
	escape  unescaper

	out []Delta
}

// mark is a text that ends content.
type mark struct {
	text  string
	then  func(p *Parser) // nil: it closes a call that is behind us, and is left out
	start bool            // it counts at the beginning only
}

// Push takes more of the text. Control tokens that Marks names are part of it.
func (p *Parser) Push(text string) []Delta {
	for i := range len(text) {
		p.step(text[i])
	}
	return p.take()
}

// End returns what was held back when the text has come to its end.
func (p *Parser) End() []Delta {
	p.harmony.end(p)
	switch {
	case p.open:
		p.endText()
	case len(p.raw) > 0 && !p.called:
		p.emit(Content, string(p.space)+string(p.raw))
	case len(p.held) > 0 && !(p.called && strings.TrimSpace(string(p.held)) == ""):
		p.emit(Content, string(p.held))
	}
	p.raw, p.held, p.space = nil, nil, nil
	p.step = func(byte) {}
	return p.take()
}

// endText ends a call in the middle, with what is known of it.
func (p *Parser) endText() {
	if p.obj.role == roleArgs && p.obj.quoted {
		p.arguments(string(p.obj.value))
	}
	p.open = false
}

func (p *Parser) take() []Delta {
	out := p.out
	p.out = nil
	return out
}

// emit adds text of some kind.
func (p *Parser) emit(kind Kind, text string) {
	if text == "" {
		return
	}
	if kind == Content {
		p.said = true
	}
	if n := len(p.out); n > 0 && p.out[n-1].Kind == kind && (kind != Arguments || p.out[n-1].Index == p.index) {
		p.out[n-1].Text += text
		return
	}
	d := Delta{Kind: kind, Text: text}
	if kind == Arguments {
		d.Index = p.index
	}
	p.out = append(p.out, d)
}

// begin begins a call. An id of "" is made.
func (p *Parser) begin(name, id string) {
	if id == "" {
		id = p.NewID()
	}
	p.open, p.called = true, true
	p.raw, p.space = p.raw[:0], p.space[:0]
	p.out = append(p.out, Delta{Kind: Call, Index: p.index, ID: id, Name: name})
}

func (p *Parser) arguments(text string) { p.emit(Arguments, text) }

// finish ends a call.
func (p *Parser) finish() {
	p.open = false
	p.index++
	p.raw, p.space = p.raw[:0], p.space[:0]
}

// known reports whether there is a tool of that name.
func (p *Parser) known(name string) bool {
	_, ok := p.tools[name]
	return ok || p.any
}

func blank(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

// content is the state outside of calls.
func (p *Parser) content(b byte) {
	p.held = append(p.held, b)
	for len(p.held) > 0 {
		n := 0
		for n < len(p.held) && blank(p.held[n]) {
			n++
		}
		rest := string(p.held[n:])
		if rest == "" {
			return
		}
		m, partial := p.match(rest)
		if m != nil {
			p.space = append(p.space[:0], p.held[:n]...)
			p.held = p.held[:0]
			if m.then != nil {
				p.raw = append(p.raw[:0], rest...)
				m.then(p)
			}
			return
		}
		if partial {
			return
		}
		p.emit(Content, string(p.held[:n+1]))
		p.held = p.held[n+1:]
	}
}

// match returns the mark that text is, and whether it may become one.
func (p *Parser) match(text string) (m *mark, partial bool) {
	for i := range p.marks {
		k := &p.marks[i]
		if k.then == nil && !p.called || k.start && (p.said || p.called) {
			continue
		}
		if k.text == text {
			return k, false
		}
		partial = partial || strings.HasPrefix(k.text, text)
	}
	return nil, partial
}

// toContent goes on with content.
func (p *Parser) toContent() {
	p.step = p.content
	p.raw, p.held, p.space = p.raw[:0], p.held[:0], p.space[:0]
}

// note keeps a byte of a call that is not certain.
func (p *Parser) note(b byte) {
	if !p.open {
		p.raw = append(p.raw, b)
	}
}

// bad is called where a text is no call, at its byte b, which was noted. What was held
// back is content; a call that has begun gets the rest of the text as it is.
func (p *Parser) bad(b byte) {
	if p.open {
		p.argumentByte(b)
		p.step = func(b byte) { p.argumentByte(b) }
		return
	}
	n := max(0, len(p.raw)-1)
	p.emit(Content, string(p.space)+string(p.raw[:n]))
	p.toContent()
	p.content(b)
}

// until collects what comes before one of the ends, at most limit bytes.
func (p *Parser) until(limit int, then func(text string, end int), ends ...string) {
	p.text = p.text[:0]
	p.step = func(b byte) {
		p.note(b)
		p.text = append(p.text, b)
		for i, e := range ends {
			if n := len(p.text) - len(e); n >= 0 && string(p.text[n:]) == e {
				then(string(p.text[:n]), i)
				return
			}
		}
		if len(p.text) > limit {
			p.bad(b)
		}
	}
}

// option is a text that may come, and what follows then.
type option struct {
	text string
	then func()
}

// choose expects one of several texts, behind white space. None of them begins another.
// Anything else is given to otherwise, of which b is the last byte.
func (p *Parser) choose(otherwise func(b byte), options ...option) {
	p.text = p.text[:0]
	p.step = func(b byte) {
		p.note(b)
		if len(p.text) == 0 && blank(b) {
			return
		}
		p.text = append(p.text, b)
		partial := false
		for _, o := range options {
			if o.text == string(p.text) {
				o.then()
				return
			}
			partial = partial || strings.HasPrefix(o.text, string(p.text))
		}
		if !partial {
			otherwise(b)
		}
	}
}

func (p *Parser) argumentByte(b byte) { p.arguments(string([]byte{b})) }
