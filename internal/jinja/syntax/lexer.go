package syntax

import (
	"fmt"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/lazyregexp"
)

// Normalize replaces all line ends of a template by "\n", and removes one newline at its end.
func Normalize(source string) string {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	return strings.TrimSuffix(source, "\n")
}

// lexer splits a normalized template into tokens.
type lexer struct {
	src    string
	pos    int
	tokens []token
	// lineStart says that the last tag ended with a newline, so that the next text begins a
	// line.
	lineStart bool
}

// lex returns the tokens of a normalized template; the last one is EOF.
func lex(source string) (tokens []token, err error) {
	l := &lexer{src: source, lineStart: true}
	for l.pos < len(l.src) {
		if err := l.text(); err != nil {
			return nil, err
		}
	}
	l.add(kindEOF, "", len(l.src))
	return l.tokens, nil
}

func (l *lexer) add(kind kind, value string, pos int) {
	l.tokens = append(l.tokens, token{kind, value, Pos(pos)})
}

func (l *lexer) fail(pos int, format string, args ...any) error {
	line, column := Place(l.src, Pos(pos))
	return &Error{line, column, fmt.Sprintf(format, args...)}
}

var rawBegin = lazyregexp.New(`^\{%[-+]?` + space + `*raw` + space + `*(?:-%\}` + space + `*|%\})`)
var rawEnd = lazyregexp.New(`\{%([-+]?)` + space + `*endraw` + space + `*(?:\+%\}|-%\}` + space + `*|%\}\n?)`)

// space matches the white space of Python's \s.
const space = `[\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]`

// text reads the text up to the next tag, and then the tag.
func (l *lexer) text() error {
	start := l.pos
	open := start
	for {
		i := strings.IndexByte(l.src[open:], '{')
		if i < 0 || open+i+1 == len(l.src) {
			l.data(start, len(l.src), 0)
			l.pos = len(l.src)
			return nil
		}
		open += i
		if c := l.src[open+1]; c == '%' || c == '{' || c == '#' {
			break
		}
		open++
	}
	sign := byte(0)
	l.pos = open + 2
	if l.pos < len(l.src) && (l.src[l.pos] == '-' || l.src[l.pos] == '+') {
		sign = l.src[l.pos]
		l.pos++
	}
	kind := l.src[open+1]
	if kind != '{' && sign == 0 {
		sign = 'l' // strip the white space from the line's beginning to the tag
	}
	l.data(start, open, sign)
	switch kind {
	case '#':
		return l.comment(open)
	case '{':
		l.add(kindVariableBegin, "", open)
		return l.tag(open, kindVariableEnd)
	}
	if m := rawBegin().FindString(l.src[open:]); m != "" {
		return l.raw(open, open+len(m))
	}
	l.add(kindBlockBegin, "", open)
	return l.tag(open, kindBlockEnd)
}

// data adds the text between two positions. sign says which white space to strip at the
// text's end: all ('-'), or that of the last line if the line has nothing else ('l').
func (l *lexer) data(start, end int, sign byte) {
	s := l.src[start:end]
	switch sign {
	case '-':
		s = strings.TrimRightFunc(s, text.IsSpace)
	case 'l':
		line := strings.LastIndexByte(s, '\n') + 1
		if (line > 0 || l.lineStart) && strings.TrimLeftFunc(s[line:], text.IsSpace) == "" {
			s = s[:line]
		}
	}
	if s != "" {
		l.add(kindData, s, start)
	}
}

// end moves to the end of a tag.
func (l *lexer) end(pos int) {
	l.lineStart = pos > 0 && l.src[pos-1] == '\n'
	l.pos = pos
}

// skipSpace returns the position after white space.
func (l *lexer) skipSpace(pos int) int {
	return len(l.src) - len(strings.TrimLeftFunc(l.src[pos:], text.IsSpace))
}

// skipNewline returns the position after a newline, if there is one.
func (l *lexer) skipNewline(pos int) int {
	if pos < len(l.src) && l.src[pos] == '\n' {
		pos++
	}
	return pos
}

func (l *lexer) comment(open int) error {
	if l.pos == len(l.src) {
		return nil // Jinja, too, accepts a template that ends with {#
	}
	i := strings.Index(l.src[l.pos:], "#}")
	if i < 0 {
		return l.fail(open, "a comment without an end, expected #}")
	}
	at := l.pos + i
	switch end := at + 2; {
	case i > 0 && l.src[at-1] == '-':
		l.end(l.skipSpace(end))
	case i > 0 && l.src[at-1] == '+':
		l.end(end)
	default:
		l.end(l.skipNewline(end))
	}
	return nil
}

func (l *lexer) raw(open, start int) error {
	if start == len(l.src) {
		l.pos = start
		return nil
	}
	m := rawEnd().FindStringSubmatchIndex(l.src[start:])
	if m == nil {
		return l.fail(open, "raw without endraw")
	}
	l.lineStart = l.src[start-1] == '\n'
	sign := byte('l')
	if m[2] < m[3] {
		sign = l.src[start+m[2]]
	}
	l.data(start, start+m[0], sign)
	l.end(start + m[1])
	return nil
}
