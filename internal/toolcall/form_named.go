package toolcall

import "strings"

// namedForm is calls as a name and its arguments in JSON, with marks between.
type namedForm struct {
	section    []string // in front of all calls; the first is what grammars write; none: nothing
	sectionEnd string
	open       string
	beforeName string // left out of the name, with all that is in front of it
	nameEnd    []string
	// afterID: where the second of nameEnd is found, an id follows to this mark.
	afterID  string
	argsOpen string // a fence around the arguments
	argsEnd  string
	close    string
	sep      string // in grammars: between calls
	end      string // in grammars: in front of sectionEnd
	afterEnd string // cuts the name: "functions.f:0"
}

func (f *namedForm) start(p *Parser) {
	call := func(p *Parser) { f.call(p) }
	for _, text := range f.section {
		p.marks = append(p.marks, mark{text: text, then: func(p *Parser) { p.choose(p.bad, option{f.open, func() { f.call(p) }}) }})
	}
	p.marks = append(p.marks, mark{text: f.open, then: call})
	for _, text := range []string{f.close, f.sectionEnd, strings.TrimSpace(f.argsEnd)} {
		if text != "" {
			p.marks = append(p.marks, mark{text: text})
		}
	}
	p.step = p.content
}

// call reads a name and what follows it.
func (f *namedForm) call(p *Parser) {
	const most = 300 // bytes of a name and what is around it
	p.until(most, func(text string, end int) {
		name := f.nameOf(text)
		switch {
		case !ValidName(name):
			p.bad(p.raw[len(p.raw)-1])
		case end == 1 && f.afterID != "":
			p.until(most, func(id string, _ int) { f.arguments(p, name, id) }, f.afterID)
		default:
			f.arguments(p, name, "")
		}
	}, f.nameEnd...)
}

// nameOf returns the name in what is in its place.
func (f *namedForm) nameOf(text string) string {
	if f.beforeName != "" {
		if i := strings.LastIndex(text, f.beforeName); i >= 0 {
			text = text[i+len(f.beforeName):]
		}
	}
	if f.afterEnd != "" {
		if i := strings.LastIndex(text, f.afterEnd); i >= 0 {
			text = text[:i]
		}
	}
	return strings.TrimSpace(text)
}

// arguments reads the arguments.
func (f *namedForm) arguments(p *Parser, name, id string) {
	p.jsonArguments(name, id, f.argsOpen, p.toContent)
}

// jsonArguments reads arguments in JSON, behind an optional fence, and ends the call.
func (p *Parser) jsonArguments(name, id, fence string, then func()) {
	p.obj = object{role: roleArgs, named: true, name: name, id: id}
	start := func() {
		o := &p.obj
		o.hasArgs = true
		p.begin(name, id)
		p.arguments("{")
		o.scan.step('{')
		p.step = func(b byte) {
			p.argumentByte(b)
			if o.scan.step(b) == last {
				o.role = roleNone
				p.finish()
				then()
			}
		}
	}
	options := []option{{"{", start}, {`"`, func() { p.quotedArguments(then) }}}
	if fence != "" {
		options = append(options, option{fence, func() { p.choose(p.bad, options...) }})
	}
	p.choose(p.bad, options...)
}

// quotedArguments reads arguments that are JSON in a string, whose quote is read.
func (p *Parser) quotedArguments(then func()) {
	o := &p.obj
	o.quoted = true
	o.value = append(o.value[:0], '"')
	o.scan.step('"')
	p.step = func(b byte) {
		p.note(b)
		o.value = append(o.value, b)
		if o.scan.step(b) != last {
			return
		}
		p.begin(o.name, o.id)
		p.endValue()
		p.finish()
		then()
	}
}
