package toolcall

import (
	"encoding/json"
	"strings"
)

// gemmaForm is the form of Gemma 4: call:f{key:<|"|>text<|"|>,list:[1,2]}. Keys have no quotes, and
// strings have marks around them.
type gemmaForm struct{ open, close, quote string }

// gemma is the call that is being parsed.
type gemma struct {
	stack  []byte // the braces and brackets that are open: { and [
	word   []byte // a key, or a value that is not a string
	str    []byte // the last bytes of a string, held back because they may begin the mark
	isKey  bool
	inText bool
}

func (f *gemmaForm) start(p *Parser) {
	p.marks = append(p.marks, mark{text: f.open, then: f.call}, mark{text: f.close})
	p.step = p.content
}

func (f *gemmaForm) call(p *Parser) {
	const limit = 300
	p.until(limit, func(text string, _ int) {
		name := strings.TrimSpace(text)
		if !ValidName(name) {
			p.bad(p.raw[len(p.raw)-1])
			return
		}
		p.begin(name, "")
		p.arguments("{")
		p.gem = gemma{stack: []byte{'{'}, isKey: true}
		p.step = func(b byte) { f.inside(p, b) }
	}, "{")
}

// inside converts the text within the braces to JSON, byte by byte.
func (f *gemmaForm) inside(p *Parser, b byte) {
	g := &p.gem
	if g.inText {
		g.str = append(g.str, b)
		if strings.HasSuffix(string(g.str), f.quote) {
			p.arguments(escaped(g.str[:len(g.str)-len(f.quote)]) + `"`)
			g.inText, g.str = false, g.str[:0]
			return
		}
		if n := len(g.str) - suffixOf(string(g.str), f.quote); n > 0 {
			p.arguments(escaped(g.str[:n]))
			g.str = append(g.str[:0], g.str[n:]...)
		}
		return
	}
	top := g.stack[len(g.stack)-1]
	switch {
	case b == ':' && g.isKey:
		key := strings.Trim(strings.TrimSpace(strings.ReplaceAll(string(g.word), f.quote, "")), `"`)
		text, _ := json.Marshal(key)
		p.arguments(string(text) + ": ")
		g.word, g.isKey = g.word[:0], false
	case g.isKey && b != '}':
		if !blank(b) || len(g.word) > 0 {
			g.word = append(g.word, b)
		}
	case b == '{' || b == '[':
		p.argumentByte(b)
		g.stack = append(g.stack, b)
		g.isKey = b == '{'
		g.word = g.word[:0]
	case b == ',':
		g.flush(p)
		p.arguments(", ")
		g.isKey = top == '{'
	case b == '}' || b == ']':
		g.flush(p)
		p.argumentByte(b)
		g.isKey = false
		if g.stack = g.stack[:len(g.stack)-1]; len(g.stack) == 0 {
			p.finish()
			p.toContent()
		}
	case blank(b) && len(g.word) == 0:
	default:
		if g.word = append(g.word, b); strings.HasSuffix(string(g.word), f.quote) {
			p.arguments(`"`)
			g.word, g.inText = g.word[:0], true
		}
	}
}

// flush emits a value that is not a string.
func (g *gemma) flush(p *Parser) {
	word := strings.TrimSpace(string(g.word))
	g.word = g.word[:0]
	switch {
	case word == "" || g.isKey:
	case json.Valid([]byte(word)):
		p.arguments(word)
	default:
		p.arguments(`"` + escaped([]byte(word)) + `"`)
	}
}

// suffixOf returns the length of the longest proper prefix of mark that text ends with.
func suffixOf(text, mark string) int {
	for k := min(len(mark)-1, len(text)); k > 0; k-- {
		if strings.HasSuffix(text, mark[:k]) {
			return k
		}
	}
	return 0
}
