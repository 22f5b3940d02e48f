package toolcall

import (
	"bytes"
	"encoding/json"
	"strings"
)

// paramForm is the form of calls whose arguments have marks of their
// own. Strings are written without quotes, and other values in JSON.
type paramForm struct {
	section, sectionEnd string // marks around all calls together; "": none
	each                bool   // section and sectionEnd are around each call instead
	open                string
	nameEnd             []string
	param               string // mark before an argument's name
	keyEnd              string // mark after the name
	valueStart          string // mark before the value; "": the value follows keyEnd directly
	typed               bool   // the name is followed by string="true" or string="false"
	valueEnd            string
	close               string

	newline bool // newlines around a value are not part of it
}

func (f *paramForm) start(p *Parser) {
	if f.section != "" {
		p.marks = append(p.marks, mark{text: f.section, then: func(p *Parser) { p.choose(p.bad, option{f.open, func() { f.call(p) }}) }},
			mark{text: f.sectionEnd})
	}
	p.marks = append(p.marks, mark{text: f.open, then: func(p *Parser) { f.call(p) }})
	if f.close != f.sectionEnd {
		p.marks = append(p.marks, mark{text: f.close})
	}
	p.step = p.content
}

// call parses a name and begins the call.
func (f *paramForm) call(p *Parser) {
	const limit = 300
	p.until(limit, func(text string, end int) {
		name := strings.TrimSpace(text)
		if !ValidName(name) {
			p.bad(p.raw[len(p.raw)-1])
			return
		}
		p.obj = object{name: name}
		p.begin(name, "")
		p.arguments("{")
		p.pv = paramValue{first: true}
		switch f.nameEnd[end] {
		case f.param:
			f.key(p)
		case f.close:
			f.end(p)
		default:
			f.next(p)
		}
	}, f.nameEnd...)
}

// next parses the next argument, or the end of the call.
func (f *paramForm) next(p *Parser) {
	p.choose(func(byte) { // any text but these two marks ends the call
		rest := string(p.text)
		f.end(p)
		for i := range len(rest) {
			p.step(rest[i])
		}
	}, option{f.param, func() { f.key(p) }}, option{f.close, func() { f.end(p) }})
}

func (f *paramForm) end(p *Parser) {
	p.arguments("}")
	p.finish()
	p.toContent()
}

func (f *paramForm) key(p *Parser) {
	const limit = 300
	p.until(limit, func(text string, _ int) {
		p.pv.key, p.pv.text = strings.TrimSpace(text), p.paramText(strings.TrimSpace(text))
		switch {
		case f.typed:
			p.until(limit, func(attribute string, _ int) {
				if strings.Contains(attribute, `"true"`) {
					p.pv.text = stringOnly
				} else {
					p.pv.text = notString
				}
				f.value(p)
			}, ">")
		case f.valueStart != "":
			p.choose(func(byte) { f.next(p) }, option{f.valueStart, func() { f.value(p) }})
		default:
			f.value(p)
		}
	}, f.keyEnd)
}

// paramValue is the argument that is being parsed.
type paramValue struct {
	first bool // the argument is the first of the call
	key   string
	text  stringness
	value []byte // bytes held back, or the whole value if its type is not certain
}

// stringness says whether a value is a string.
type stringness byte

const (
	unknown    stringness = iota // the value's text decides
	stringOnly                   // a string, whatever its text is
	notString
)

// value parses an argument up to its end mark.
func (f *paramForm) value(p *Parser) {
	v := &p.pv
	key, _ := json.Marshal(v.key)
	if !v.first {
		p.arguments(", ")
	}
	v.first, v.value = false, v.value[:0]
	p.arguments(string(key) + ": ")
	if v.text == stringOnly {
		p.arguments(`"`)
	}
	first := true
	p.step = func(b byte) {
		v.value = append(v.value, b)
		if first && f.newline && len(v.value) == 1 {
			first = false
			if b == '\n' {
				v.value = v.value[:0]
				return
			}
		}
		first = false
		if n := len(v.value) - len(f.valueEnd); n >= 0 && string(v.value[n:]) == f.valueEnd {
			text := v.value[:n]
			if f.newline {
				text = bytes.TrimSuffix(text, []byte("\n"))
			}
			if v.text == stringOnly {
				p.arguments(escaped(text) + `"`)
			} else {
				p.arguments(p.paramJSON(v.key, text, v.text))
			}
			v.value = v.value[:0]
			f.next(p)
			return
		}
		if v.text == stringOnly {
			n := len(v.value) - f.uncertain(v.value)
			p.arguments(escaped(v.value[:n]))
			v.value = append(v.value[:0], v.value[n:]...)
		}
	}
}

// uncertain returns how many bytes at the end of text might turn out not to be
// part of the value: the beginning of the end mark, and a newline before it.
func (f *paramForm) uncertain(text []byte) int {
	n := 0
	for k := min(len(f.valueEnd)-1, len(text)); k > 0; k-- {
		if bytes.HasSuffix(text, []byte(f.valueEnd[:k])) {
			n = k
			break
		}
	}
	if rest := text[:len(text)-n]; f.newline && bytes.HasSuffix(rest, []byte("\n")) {
		n++
	}
	return n
}

// escaped returns text as the inside of a JSON string.
func escaped(text []byte) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7F:
			const hex = "0123456789abcdef"
			b.WriteString(`\u00`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
