package syntax

import (
	"strings"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
	"alpaca/internal/lazyregexp"
)

var (
	floatPattern   = lazyregexp.New(`^(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+\-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)`)
	integerPattern = lazyregexp.New(`^(?:0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*)`)
	namePattern    = lazyregexp.New(`^[\p{L}\p{N}\p{M}\p{Pc}·]+`)
	stringPattern  = lazyregexp.New(`(?s)^(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")`)
)

// operators has the operators, longer ones first.
var operators = []string{"//", "**", "==", "!=", ">=", "<=",
	"+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

// closing maps each opening bracket to the closing bracket.
var closing = map[string]string{"{": "}", "(": ")", "[": "]"}

// tag reads the content of a tag and its end.
func (l *lexer) tag(open int, end kind) error {
	var brackets []string
	for l.pos < len(l.src) {
		if len(brackets) == 0 {
			if ok := l.tagEnd(end); ok {
				return nil
			}
		}
		start := l.pos
		rest := l.src[start:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case text.IsSpace(r):
			l.pos += size
			continue
		case r >= '0' && r <= '9':
			l.number(rest)
			continue
		case r == '\'' || r == '"':
			if err := l.str(rest); err != nil {
				return err
			}
			continue
		}
		if m := namePattern().FindString(rest); m != "" {
			if !identifier(m) {
				return l.fail(start, "%q is not a name", m)
			}
			l.add(kindName, m, start)
			l.pos += len(m)
			continue
		}
		op := ""
		for _, o := range operators {
			if strings.HasPrefix(rest, o) {
				op = o
				break
			}
		}
		if op == "" {
			return l.fail(start, "unexpected character %q", r)
		}
		switch op {
		case "(", "[", "{":
			brackets = append(brackets, closing[op])
		case ")", "]", "}":
			n := len(brackets) - 1
			if n < 0 {
				return l.fail(start, "unexpected %q", op)
			}
			if brackets[n] != op {
				return l.fail(start, "unexpected %q, expected %q", op, brackets[n])
			}
			brackets = brackets[:n]
		}
		l.add(kindOp, op, start)
		l.pos += len(op)
	}
	if end == kindBlockEnd {
		return l.fail(open, "{%% without %%}")
	}
	return l.fail(open, "{{ without }}")
}

// tagEnd reads the end of a tag, if it comes next.
func (l *lexer) tagEnd(end kind) bool {
	rest := l.src[l.pos:]
	mark := "%}"
	if end == kindVariableEnd {
		mark = "}}"
	}
	switch {
	case strings.HasPrefix(rest, "-"+mark):
		l.add(end, "", l.pos)
		l.end(l.skipSpace(l.pos + 3))
	case end == kindBlockEnd && strings.HasPrefix(rest, "+"+mark):
		l.add(end, "", l.pos)
		l.end(l.pos + 3)
	case strings.HasPrefix(rest, mark):
		l.add(end, "", l.pos)
		if end == kindBlockEnd {
			l.end(l.skipNewline(l.pos + 2))
		} else {
			l.end(l.pos + 2)
		}
	default:
		return false
	}
	return true
}

// number reads a number. After a point, a number is an integer: x.1.2 has the indices 1 and 2.
func (l *lexer) number(rest string) {
	m, kind := "", kindFloat
	if l.pos == 0 || l.src[l.pos-1] != '.' {
		m = floatPattern().FindString(rest)
	}
	if m == "" {
		m, kind = integerPattern().FindString(rest), kindInteger
	}
	l.add(kind, strings.ReplaceAll(m, "_", ""), l.pos)
	l.pos += len(m)
}

func (l *lexer) str(rest string) error {
	m := stringPattern().FindString(rest)
	if m == "" {
		return l.fail(l.pos, "a string without an end")
	}
	value, err := unescape(m[1 : len(m)-1])
	if err != nil {
		return l.fail(l.pos, "%v", err)
	}
	l.add(kindString, value, l.pos)
	l.pos += len(m)
	return nil
}
