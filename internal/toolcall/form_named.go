package toolcall

import "strings"

// namedForm is the form of calls with a name and arguments in JSON, and marks around them.
type namedForm struct {
	// section has alternatives for the mark before all calls. If a call is forced, only
	// the first alternative is allowed. If section is empty, there is no such mark.
	section    []string
	sectionEnd string
	open       string   // mark before each call
	beforeName string   // the name follows the last occurrence of this text; "": none
	nameEnd    []string // alternatives for the mark after the name
	// If nameEnd[1] ends the name, an id follows, and afterID is the mark after the id.
	afterID  string
	argsOpen string // optional mark before the arguments, such as a fence of Markdown
	argsEnd  string
	close    string
	sep      string // in grammars: the text between calls
	// afterEnd ends the name at its last occurrence: ":" ends f in "functions.f:0"; "": none.
	afterEnd string
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

// call parses a name and the rest of the call.
func (f *namedForm) call(p *Parser) {
	const limit = 300 // largest number of bytes of a name and the text around it
	p.until(limit, func(text string, end int) {
		name := f.nameOf(text)
		switch {
		case !ValidName(name):
			p.bad(p.raw[len(p.raw)-1])
		case end == 1 && f.afterID != "":
			p.until(limit, func(id string, _ int) { f.arguments(p, name, id) }, f.afterID)
		default:
			f.arguments(p, name, "")
		}
	}, f.nameEnd...)
}

// nameOf returns the tool's name. text is what a call has in the place of the name.
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

// arguments parses the arguments.
func (f *namedForm) arguments(p *Parser, name, id string) {
	p.jsonArguments(name, id, f.argsOpen, p.toContent)
}

// jsonArguments parses arguments in JSON after an optional fence, and ends the call.
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

// quotedArguments parses arguments that are JSON within a string, after its opening quote.
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
