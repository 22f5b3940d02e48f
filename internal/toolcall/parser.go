package toolcall

import (
	"strings"
)

// Parser splits the text of an answer, as it is generated, into content,
// reasoning and calls. A mark is a text, such as "<tool_call>", that separates
// these parts. The Parser works byte by byte, so that the joined deltas do not
// depend on how the text is cut. It holds back only bytes that may belong to a
// mark or to a call.
type Parser struct {
	tools map[string]*Tool
	any   bool     // the tools are not known: every name is accepted
	texts []string // all marks, including those within calls
	// NewID returns the id for a call that has none.
	NewID func() string

	step  func(b byte)
	marks []mark
	held  []byte // in content: bytes held back: white space, and the possible beginning of a mark

	// A text that may turn out not to be a call:
	space []byte // white space before the mark that may begin the call
	raw   []byte // all bytes of the text, including the mark

	index  int  // number of the current call, from 0
	open   bool // the current call has begun
	called bool // the answer has had a call
	said   bool // the answer has had content

	text    []byte // bytes collected by until and choose
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
	then  func(p *Parser) // nil: the mark only closes a call and is dropped
	start bool            // the mark counts only at the beginning of an answer
}

// Push parses more of the text, which includes the control tokens that Wants accepts.
func (p *Parser) Push(text string) []Delta {
	for i := range len(text) {
		p.step(text[i])
	}
	return p.take()
}

// End ends the text and returns the deltas of the bytes that were held back.
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

// endText ends an incomplete call, with the arguments so far.
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

// emit adds a delta, or extends the last one.
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

// begin begins a call. If id is "", begin makes an id.
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

// known reports whether there is a tool with this name. It
// returns true for every name if the tools are not known.
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

// match returns the mark that equals text. If there is none, partial says whether text is a
// prefix of a mark.
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

// toContent returns to the state content.
func (p *Parser) toContent() {
	p.step = p.content
	p.raw, p.held, p.space = p.raw[:0], p.held[:0], p.space[:0]
}

// note stores a byte of a text that may turn out not to be a call.
func (p *Parser) note(b byte) {
	if !p.open {
		p.raw = append(p.raw, b)
	}
}

// bad is called when byte b shows that a text is not a call. The method note has
// stored b already. The bytes held back become content. If the call has already been
// reported as begun, the rest of the text becomes the call's arguments, unchanged.
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

// until collects the text before one of ends, at most limit bytes. It then calls the function then
// with this text and the index of the end in ends.
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

// option is a text that choose accepts, and the function that choose then calls.
type option struct {
	text string
	then func()
}

// choose expects one of several texts after optional white space.
// None of these texts may be a prefix of another. For any other text,
// choose calls the function otherwise with the text's last byte.
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
