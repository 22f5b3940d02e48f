package toolcall

// jsonForm is calls as JSON objects, with marks around them or none.
type jsonForm struct {
	open  []string // what calls are behind; the first is what grammars write
	close string   // behind them; "" for nothing
	list  bool     // the object is in a list, with others
	each  bool     // every call has marks of its own
	space string   // in grammars: inside of the marks
	sep   string   // in grammars: between the marks of several

	bare bool // the whole answer is a call, without a mark
	name string
	args string
	id   string // "": none
	hold bool   // the id comes last
}

func (f *jsonForm) start(p *Parser) {
	for _, text := range f.open {
		p.marks = append(p.marks, mark{text: text, then: func(p *Parser) { p.jsonCalls(f) }})
	}
	if f.close != "" {
		p.marks = append(p.marks, mark{text: f.close})
	}
	if f.bare {
		p.marks = append(p.marks, mark{text: "{", start: true, then: func(p *Parser) { p.bareCall(f) }})
	}
	p.step = p.content
}

// jsonCalls reads what is behind an opening mark: a call, or a list of them.
func (p *Parser) jsonCalls(f *jsonForm) {
	p.choose(p.bad,
		option{"{", func() { p.inObject(f.hold, false, p.toContent) }},
		option{"[", func() { p.jsonItem(f) }},
	)
}

// jsonItem reads the next call of a list.
func (p *Parser) jsonItem(f *jsonForm) {
	p.choose(p.bad,
		option{"{", func() { p.inObject(f.hold, false, func() { p.jsonAfter(f) }) }},
		option{"]", p.toContent},
	)
}

func (p *Parser) jsonAfter(f *jsonForm) {
	p.step = func(b byte) {
		switch {
		case blank(b):
		case b == ',':
			p.jsonItem(f)
		case b == ']':
			p.toContent()
		default:
			p.toContent()
			p.content(b)
		}
	}
}

// bareCall reads a call that is the whole answer, or one of several.
func (p *Parser) bareCall(f *jsonForm) {
	p.inObject(f.hold, true, func() {
		p.step = func(b byte) {
			switch {
			case blank(b) || b == ';' || b == ',':
			case b == '{':
				p.raw = append(p.raw[:0], b)
				p.bareCall(f)
			default:
				p.toContent()
				p.content(b)
			}
		}
	})
}
