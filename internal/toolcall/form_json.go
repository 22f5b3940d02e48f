package toolcall

// jsonForm is the form of calls that are JSON objects, with or without marks around them.
type jsonForm struct {
	open  []string // alternatives for the mark before calls; a forced call begins with the first
	close string   // the mark after calls; "": none
	list  bool     // the calls are in a JSON list
	each  bool     // every call has its own marks

	bare bool // calls have no marks: an answer may begin with the brace of a call
	name string
	args string
	id   string // "": none
	hold bool   // the id is the last field, so a call is held back until its end
	nine bool   // an id has nine characters, each a letter or a digit
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

// jsonCalls parses the call, or the list of calls, after an opening mark.
func (p *Parser) jsonCalls(f *jsonForm) {
	p.choose(p.bad,
		option{"{", func() { p.inObject(f.hold, false, p.toContent) }},
		option{"[", func() { p.jsonItem(f) }},
	)
}

// jsonItem parses the next call of a list, or the end of the list.
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

// bareCall parses a call without marks, after its opening brace. Further calls may follow
// immediately. Any other text after a call is content.
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
