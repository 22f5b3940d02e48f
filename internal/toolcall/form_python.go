package toolcall

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"alpaca/internal/grammar"
)

// pythonForm is the form of calls in a Python list between two marks: [f(a="x", b=2), g()]. Models
// write values in Python or in JSON.
type pythonForm struct{ open, close string }

func (f *pythonForm) start(p *Parser) {
	const limit = 64 << 10
	p.marks = []mark{
		{text: f.open, then: func(p *Parser) {
			p.until(limit, func(text string, _ int) {
				calls, err := pythonCalls(text)
				if err != nil {
					p.bad(p.raw[len(p.raw)-1])
					return
				}
				for _, c := range calls {
					p.begin(c.name, "")
					p.arguments(c.arguments)
					p.finish()
				}
				p.toContent()
			}, f.close)
		}},
		{text: f.close},
	}
	p.step = p.content
}

func (f *pythonForm) texts() []string { return []string{f.open, f.close} }

// pyCall is a call with its arguments as JSON.
type pyCall struct{ name, arguments string }

var errPython = errors.New("not a list of calls")

// pythonCalls parses a list of calls.
func pythonCalls(text string) (calls []pyCall, err error) {
	r := &pyReader{text: strings.TrimSpace(text)}
	r.expect("[")
	for !r.failed && !r.skip("]") {
		if len(calls) > 0 {
			r.expect(",")
		}
		name := r.word()
		r.failed = r.failed || !ValidName(name)
		r.out = r.out[:0]
		r.expect("(")
		r.out = append(r.out, '{')
		for n := 0; !r.failed && !r.skip(")"); n++ {
			if n > 0 {
				r.expect(",")
				r.out = append(r.out, ", "...)
			}
			key, _ := json.Marshal(r.word())
			r.expect("=")
			r.out = append(append(r.out, key...), ": "...)
			r.value(0)
		}
		calls = append(calls, pyCall{name, string(append(r.out, '}'))})
	}
	if r.blanks(); r.failed || r.at != len(r.text) || len(calls) == 0 {
		return nil, errPython
	}
	return calls, nil
}

// pyReader parses Python's literals and writes them as JSON.
type pyReader struct {
	text   string
	at     int
	out    []byte
	failed bool
}

func (r *pyReader) blanks() {
	for r.at < len(r.text) && blank(r.text[r.at]) {
		r.at++
	}
}

// skip skips blanks. If s follows the blanks, skip also skips s and returns true.
func (r *pyReader) skip(s string) bool {
	r.blanks()
	if !strings.HasPrefix(r.text[r.at:], s) {
		return false
	}
	r.at += len(s)
	return true
}

func (r *pyReader) expect(s string) { r.failed = !r.skip(s) || r.failed }

// word reads a name, a number, or a word such as None.
func (r *pyReader) word() string {
	r.blanks()
	from := r.at
	for r.at < len(r.text) && !strings.ContainsRune(" \t\r\n,=:()[]{}'\"", rune(r.text[r.at])) {
		r.at++
	}
	r.failed = r.failed || r.at == from
	return r.text[from:r.at]
}

func (r *pyReader) value(depth int) {
	const deepest = 64
	r.blanks()
	if r.failed || depth > deepest || r.at == len(r.text) {
		r.failed = true
		return
	}
	switch r.text[r.at] {
	case '"', '\'':
		r.quoted()
	case '[':
		r.list("[", "]", depth, func() { r.value(depth + 1) })
	case '{':
		r.list("{", "}", depth, func() {
			r.blanks()
			if r.at == len(r.text) || r.text[r.at] != '"' && r.text[r.at] != '\'' {
				r.failed = true
				return
			}
			r.quoted()
			r.expect(":")
			r.out = append(r.out, ": "...)
			r.value(depth + 1)
		})
	default:
		word := r.word()
		switch word {
		case "True", "False":
			word = strings.ToLower(word)
		case "None":
			word = "null"
		}
		r.failed = r.failed || !json.Valid([]byte(word))
		r.out = append(r.out, word...)
	}
}

func (r *pyReader) list(open, shut string, depth int, item func()) {
	r.expect(open)
	r.out = append(r.out, open...)
	for n := 0; !r.failed && !r.skip(shut); n++ {
		if n > 0 {
			r.expect(",")
			r.out = append(r.out, ", "...)
		}
		item()
	}
	r.out = append(r.out, shut...)
}

// quoted reads a string. It keeps escapes that JSON also has.
func (r *pyReader) quoted() {
	quote := r.text[r.at]
	r.out = append(r.out, '"')
	for r.at++; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == quote:
			r.at++
			r.out = append(r.out, '"')
			return
		case c == '\\' && r.at+1 < len(r.text):
			r.at++
			switch e := r.text[r.at]; {
			case e == '\'':
				r.out = append(r.out, e)
			case strings.IndexByte(`"\/bfnrt`, e) >= 0 || e == 'u' && isHex(r.text[r.at+1:], 4):
				r.out = append(r.out, '\\', e)
			default:
				_, n := utf8.DecodeRuneInString(r.text[r.at:])
				r.out = append(append(r.out, `\\`...), escaped([]byte(r.text[r.at:r.at+n]))...)
				r.at += n - 1
			}
		default:
			_, n := utf8.DecodeRuneInString(r.text[r.at:])
			r.out = append(r.out, escaped([]byte(r.text[r.at:r.at+n]))...)
			r.at += n - 1
		}
	}
	r.failed = true
}

// isHex reports whether text begins with n hexadecimal digits.
func isHex(text string, n int) bool {
	return len(text) >= n && strings.Trim(text[:n], "0123456789abcdefABCDEF") == ""
}

func (f *pythonForm) entries(b *builder) []entry {
	comma := grammar.Seq{grammar.Bytes(","), optional(grammar.Bytes(" "))}
	call := b.eachTool(func(t *Tool) grammar.Expr {
		schema, doc, ok := b.parameters(t, reachNames, "")
		if !ok {
			return grammar.Seq{}
		}
		list, _ := properties(schema)
		args := b.fields(list, comma, func(p property) grammar.Expr {
			return grammar.Seq{b.lit(p.name), grammar.Bytes("="), f.value(b, t, doc, p.schema)}
		})
		return grammar.Seq{b.lit(t.Name), grammar.Bytes("("), args, grammar.Bytes(")")}
	})
	rest := grammar.Seq{grammar.Bytes("["), b.several(call, comma), grammar.Bytes("]"), b.lit(f.close)}
	return []entry{{mark: f.open, rest: rest}}
}

// value returns the values that satisfy a schema, written in JSON. If the schema demands only a
// type or an enum, the values may also be written in Python.
func (f *pythonForm) value(b *builder, t *Tool, doc *document, schema json.RawMessage) grammar.Expr {
	alt := grammar.Alt{b.value(t, doc.alone(schema))}
	resolved := doc.resolve(schema)
	for _, m := range members(resolved) {
		switch m.name {
		case "type", "enum", "title", "description", "default", "examples":
		default:
			return alt
		}
	}
	list, plain := texts(resolved), !strings.Contains(string(resolved), `"enum"`)
	for _, name := range typesOf(resolved) {
		switch {
		case name == "string" && (list != nil || plain):
			inside := grammar.Expr(grammar.Repeat{X: grammar.Class{{Lo: ' ', Hi: '&'}, {Lo: '(', Hi: '['}, {Lo: ']', Hi: utf8.MaxRune}}, Max: -1})
			if list != nil {
				var all grammar.Alt
				for _, s := range list {
					if !strings.ContainsAny(s, `'\`) {
						all = append(all, grammar.Bytes(s))
					}
				}
				inside = all
			}
			alt = append(alt, grammar.Seq{grammar.Bytes("'"), inside, grammar.Bytes("'")})
		case name == "boolean" && plain:
			alt = append(alt, grammar.Bytes("True"), grammar.Bytes("False"))
		case name == "null" && plain:
			alt = append(alt, grammar.Bytes("None"))
		}
	}
	return b.rule(alt)
}
