package gbnf

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"alpaca/internal/grammar"
)

// atom parses a literal, class, dot, group, name or
// token. It returns nil if nothing of that kind follows.
func (p *parser) atom() (grammar.Expr, error) {
	if p.pos >= len(p.src) {
		return nil, nil
	}
	switch c := p.src[p.pos]; {
	case c == '"':
		return p.literal()
	case c == '[':
		return p.class()
	case c == '.':
		p.pos++
		return grammar.Class{{Lo: 0, Hi: utf8.MaxRune}}, nil
	case c == '(':
		return p.group()
	case c == '<' || c == '!':
		return p.token()
	case isName(c):
		start := p.pos
		name := p.name()
		end := p.pos
		p.pos = start // rule records the position of the name's first use
		i := p.rule(name)
		p.pos = end
		if len(p.names) > maxRules {
			return nil, p.fail(p.pos, "more than %d rules", maxRules)
		}
		return grammar.Ref(i), nil
	}
	return nil, nil
}

func (p *parser) group() (grammar.Expr, error) {
	start := p.pos
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(start, "parentheses are nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	p.pos++
	p.space(true)
	e, err := p.alternatives(true)
	if err != nil {
		return nil, err
	}
	if !p.skip(")") {
		if p.pos < len(p.src) {
			return nil, p.fail(p.pos, "expected ), found %s", p.here())
		}
		return nil, p.fail(start, "the parenthesis is not closed")
	}
	return e, nil
}

func (p *parser) literal() (grammar.Expr, error) {
	start := p.pos
	p.pos++
	var b strings.Builder
	for {
		if p.pos >= len(p.src) || p.src[p.pos] == '\n' && !strings.Contains(p.src[p.pos:], `"`) {
			return nil, p.fail(start, "the literal is not closed")
		}
		if p.skip(`"`) {
			return grammar.Bytes(b.String()), nil
		}
		r, err := p.char()
		if err != nil {
			return nil, err
		}
		b.WriteRune(r)
	}
}

// escapes are the escapes of one letter.
var escapes = map[byte]rune{'t': '\t', 'r': '\r', 'n': '\n', '\\': '\\', '"': '"', '[': '[', ']': ']', '-': '-'}

// char parses a character of a literal or class.
func (p *parser) char() (rune, error) {
	start := p.pos
	r, n := utf8.DecodeRuneInString(p.src[p.pos:])
	p.pos += n
	if r != '\\' {
		return r, nil
	}
	if p.pos >= len(p.src) {
		return 0, p.fail(start, "nothing follows the backslash")
	}
	c := p.src[p.pos]
	p.pos++
	if r, ok := escapes[c]; ok {
		return r, nil
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 {
		r, _ := utf8.DecodeRuneInString(p.src[p.pos-1:])
		return 0, p.fail(start, `unknown escape \%c; known are \t \r \n \\ \" \[ \] \- \xHH \uHHHH \UHHHHHHHH`, r)
	}
	text := p.src[p.pos:min(p.pos+digits, len(p.src))]
	v, err := strconv.ParseUint(text, 16, 32)
	if err != nil || len(text) < digits {
		return 0, p.fail(start, `\%c needs %d hexadecimal digits`, c, digits)
	}
	if !utf8.ValidRune(rune(v)) || v > utf8.MaxRune {
		return 0, p.fail(start, "%s is not a valid code point", p.src[start:p.pos+digits])
	}
	p.pos += digits
	return rune(v), nil
}

func (p *parser) class() (grammar.Expr, error) {
	start := p.pos
	p.pos++
	negated := p.skip("^")
	var out grammar.Class
	for {
		if p.pos >= len(p.src) {
			return nil, p.fail(start, "the bracket is not closed")
		}
		if p.skip("]") {
			break
		}
		at := p.pos
		lo, err := p.char()
		if err != nil {
			return nil, err
		}
		hi := lo
		if strings.HasPrefix(p.src[p.pos:], "-") && !strings.HasPrefix(p.src[p.pos:], "-]") && p.pos+1 < len(p.src) {
			p.pos++
			if hi, err = p.char(); err != nil {
				return nil, err
			}
		}
		if lo > hi {
			return nil, p.fail(at, "the range %q-%q is out of order", lo, hi)
		}
		out = append(out, grammar.Range{Lo: lo, Hi: hi})
	}
	if negated {
		out = out.Not()
	}
	if len(out) == 0 {
		return nil, p.fail(start, "the class has no character")
	}
	return out, nil
}

// token parses <[id]> or <text>, with or without an exclamation mark before it.
func (p *parser) token() (grammar.Expr, error) {
	start := p.pos
	t := grammar.Token{Not: p.skip("!")}
	if !p.skip("<") {
		return nil, p.fail(p.pos, "expected a token in < and > after !, found %s", p.here())
	}
	end := strings.IndexAny(p.src[p.pos:], ">\n")
	if end < 0 || p.src[p.pos+end] != '>' {
		return nil, p.fail(start, "the token is not closed")
	}
	name := p.src[p.pos : p.pos+end]
	p.pos += end + 1
	if p.vocab == nil {
		return nil, p.fail(start, "the token <%s> has no meaning without a model's vocabulary", name)
	}
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		id, err := strconv.ParseUint(name[1:len(name)-1], 10, 31)
		if err != nil || int(id) >= p.vocab.N {
			return nil, p.fail(start, "%s is not in the vocabulary of %d tokens", name, p.vocab.N)
		}
		t.ID = int32(id)
		return t, nil
	}
	id, ok := p.vocab.Lookup("<" + name + ">")
	if !ok {
		return nil, p.fail(start, "<%s> is not exactly one token of the vocabulary", name)
	}
	t.ID = id
	return t, nil
}
