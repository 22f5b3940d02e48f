package toolcall

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// genericForm is for models whose template does not know tools. The answer is a JSON object:
// {"tool_call": {"name": …, "arguments": …}} or {"response": "…"}.
type genericForm struct {
	free bool // an answer without a call has a form of its own, so there is no "response"
}

// The keys of the object.
const (
	genericCall     = "tool_call"
	genericCalls    = "tool_calls"
	genericResponse = "response"
)

func (f *genericForm) start(p *Parser) {
	list := &jsonForm{}
	key := func(text string, then func()) option { return option{`"` + text + `"`, then} }
	p.marks = []mark{{text: "{", start: true, then: func(p *Parser) {
		p.choose(p.bad,
			key(genericCalls, func() { p.colon(func() { p.choose(p.bad, option{"[", func() { p.jsonItem(list) }}) }) }),
			key(genericCall, func() { p.colon(func() { p.choose(p.bad, option{"{", func() { p.inObject(false, false, p.tail) }}) }) }),
			key(genericResponse, func() {
				if f.free {
					p.bad(p.raw[len(p.raw)-1])
					return
				}
				p.colon(func() { p.choose(p.bad, option{`"`, p.response}) })
			}),
		)
	}}, {text: "}"}, {text: "]"}}
	p.step = p.content
}

func (p *Parser) colon(then func()) { p.choose(p.bad, option{":", then}) }

// tail ignores the rest of the object, and returns to content.
func (p *Parser) tail() { p.toContent() }

// response parses the string of a response, after its opening quote.
func (p *Parser) response() {
	p.raw, p.space, p.escape = p.raw[:0], p.space[:0], unescaper{}
	p.step = func(b byte) {
		text, done := p.escape.step(b)
		p.emit(Content, text)
		if done {
			p.called = true // so content drops the closing brace, as after a call
			p.toContent()
		}
	}
}

// unescaper decodes the inside of a JSON string.
type unescaper struct {
	escape []byte // an incomplete escape
	high   rune   // the first surrogate of a pair; 0: none
}

// step decodes a byte. It returns the text that the byte completes, and whether the byte is the
// closing quote.
func (u *unescaper) step(b byte) (text string, done bool) {
	switch {
	case len(u.escape) == 0 && b == '"':
		return u.flush(), true
	case len(u.escape) == 0 && b != '\\':
		return u.flush() + string([]byte{b}), false
	}
	u.escape = append(u.escape, b)
	switch n := len(u.escape); {
	case n == 1:
		return "", false
	case u.escape[1] != 'u':
		u.escape = u.escape[:0]
		if i := strings.IndexByte("nrtbf", b); i >= 0 {
			b = "\n\r\t\b\f"[i]
		}
		return u.flush() + string([]byte{b}), false
	case n < 6:
		return "", false
	}
	r := rune(0)
	for _, c := range u.escape[2:] {
		r = r<<4 + rune(strings.IndexByte("0123456789abcdef", c|' ')&15)
	}
	u.escape = u.escape[:0]
	switch {
	case utf16.IsSurrogate(r) && r < 0xDC00:
		text = u.flush()
		u.high = r
		return text, false
	case u.high != 0:
		high := u.high
		u.high = 0
		if both := utf16.DecodeRune(high, r); both != utf8.RuneError {
			return string(both), false
		}
		return string(utf8.RuneError) + string(r), false
	}
	return string(r), false
}

// flush returns U+FFFD for a first surrogate that has no second one, or else "".
func (u *unescaper) flush() string {
	if u.high == 0 {
		return ""
	}
	u.high = 0
	return string(utf8.RuneError)
}
