package toolcall

import "alpaca/internal/grammar"

// keyedForm is the form of calls in a list of objects. Each object has one field: its key is the
// tool's name, its value the arguments, as in [{"f": {…}}, {"g": {…}}].
type keyedForm struct{ open, close string }

func (f *keyedForm) start(p *Parser) {
	p.marks = []mark{
		{text: f.open, then: func(p *Parser) { p.choose(p.bad, option{"[", func() { f.item(p) }}) }},
		{text: f.close},
	}
	p.step = p.content
}

// item parses the next call of the list, or the end of the list.
func (f *keyedForm) item(p *Parser) {
	p.choose(p.bad,
		option{"{", func() { p.choose(p.bad, option{`"`, func() { f.name(p) }}) }},
		option{"]", p.toContent},
	)
}

// name parses the name after its opening quote, and the rest of the call.
func (f *keyedForm) name(p *Parser) {
	const limit = 130
	p.until(limit, func(name string, _ int) {
		if !ValidName(name) {
			p.bad(p.raw[len(p.raw)-1])
			return
		}
		p.choose(p.bad, option{":", func() { p.jsonArguments(name, "", "", func() { f.after(p) }) }})
	}, `"`)
}

// after parses the text after a call's arguments.
func (f *keyedForm) after(p *Parser) {
	p.choose(p.bad, option{"}", func() {
		p.choose(p.bad, option{",", func() { f.item(p) }}, option{"]", p.toContent})
	}})
}

func (f *keyedForm) entries(b *builder) []entry {
	call := b.eachTool(func(t *Tool) grammar.Expr {
		return grammar.Seq{grammar.Bytes("{"), b.blanks, b.field(t.Name, b.arguments(t)), b.blanks, grammar.Bytes("}")}
	})
	comma := grammar.Seq{b.blanks, grammar.Bytes(","), b.blanks}
	list := grammar.Seq{b.blanks, grammar.Bytes("["), b.blanks, b.several(call, comma), b.blanks, grammar.Bytes("]"), b.blanks, b.lit(f.close)}
	return []entry{{mark: f.open, rest: list}}
}

func (f *keyedForm) texts() []string { return []string{f.open, f.close} }
