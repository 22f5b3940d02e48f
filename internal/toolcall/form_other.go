package toolcall

import (
	"encoding/json"
	"strings"
)

// headedForm is the form of Functionary 3.2. Each part of an answer begins with a line that names
// its recipient: ">>>all\ntext>>>f\n{…}". The first ">>>" is part of the prompt.
type headedForm struct{ mark string }

func (f *headedForm) start(p *Parser) {
	p.marks = []mark{{text: f.mark, then: f.header}}
	f.header(p)
}

// header parses the line with the name.
func (f *headedForm) header(p *Parser) {
	const limit = 130
	p.until(limit, func(text string, _ int) {
		name := strings.TrimSpace(text)
		switch {
		case name == "all":
			p.toContent()
			p.called = false
		case ValidName(name) && p.known(name):
			p.jsonArguments(name, "", "", p.toContent)
		default:
			p.bad(p.raw[len(p.raw)-1])
		}
	}, "\n")
}

// llamaForm is the form of Llama 3. Either the whole answer consists of calls in JSON, or there is a
// mark before the calls. The mark may also stand before a Python call of a tool that the model was
// trained with.
type llamaForm struct {
	jsonForm
	python string
}

func (f *llamaForm) start(p *Parser) {
	f.jsonForm.start(p)
	p.marks = append(p.marks, mark{text: f.python, then: func(p *Parser) {
		p.choose(func(b byte) { f.call(p, b) }, option{"{", func() { p.bareCall(&f.jsonForm) }})
	}})
}

// call parses NAME.call(key="value", …), whose first byte is b.
func (f *llamaForm) call(p *Parser, b byte) {
	const limit = 8 << 10
	p.until(limit, func(text string, _ int) {
		name, arguments, ok := pythonCall(text + ")")
		if !ok || !p.known(name) {
			p.bad(p.raw[len(p.raw)-1])
			return
		}
		p.begin(name, "")
		p.arguments(arguments)
		p.finish()
		p.toContent()
	}, ")")
	p.text = append(p.text, b)
}

// pythonCall parses a call whose arguments are literals, and returns the arguments as JSON.
func pythonCall(text string) (name, arguments string, ok bool) {
	name, rest, ok := strings.Cut(strings.TrimSuffix(text, ")"), ".call(")
	if !ok || !ValidName(name) {
		return "", "", false
	}
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; strings.TrimSpace(rest) != ""; i++ {
		key, value, ok := strings.Cut(rest, "=")
		if !ok {
			return "", "", false
		}
		end := len(value)
		quote := byte(0)
		for j := range len(value) {
			switch c := value[j]; {
			case quote != 0 && c == quote && value[j-1] != '\\':
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case quote == 0 && c == ',':
				end = j
			}
			if end == j {
				break
			}
		}
		rest = strings.TrimPrefix(value[end:], ",")
		literal := strings.TrimSpace(value[:end])
		if n := len(literal); n >= 2 && literal[0] == '\'' && literal[n-1] == '\'' {
			literal = `"` + strings.ReplaceAll(strings.ReplaceAll(literal[1:n-1], `\'`, `'`), `"`, `\"`) + `"`
		}
		switch literal {
		case "True":
			literal = "true"
		case "False":
			literal = "false"
		case "None":
			literal = "null"
		}
		if !json.Valid([]byte(literal)) {
			return "", "", false
		}
		if i > 0 {
			b.WriteString(", ")
		}
		k, _ := json.Marshal(strings.TrimSpace(key))
		b.Write(k)
		b.WriteString(": " + literal)
	}
	b.WriteByte('}')
	return name, b.String(), true
}
