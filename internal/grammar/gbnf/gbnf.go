// Package gbnf parses grammars in GBNF, llama.cpp's form of BNF: rules of literals, character
// classes, names, groups, repetitions and tokens. It parses the whole language. A grammar
// without a clear meaning (an empty class, a rule defined twice, a count beyond the limit) is an
// error with the line, the column and a caret.
package gbnf

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"alpaca/internal/grammar"
)

// Bounds of a grammar's text.
const (
	maxLen   = 64 << 10
	maxDepth = 64
	maxRules = 4096
)

// Vocab finds the tokens that a grammar names.
type Vocab struct {
	N      int                             // number of tokens
	Lookup func(text string) (int32, bool) // the token that has exactly this text
}

// Error is a mistake in a grammar, with its position.
type Error struct {
	Line, Col int // from 1; Col counts characters
	Msg       string
	Text      string // the line
}

func (e *Error) Error() string {
	s := fmt.Sprintf("line %d, column %d: %s", e.Line, e.Col, e.Msg)
	if e.Text == "" {
		return s
	}
	text, col := []rune(e.Text), e.Col-1
	if start := max(0, min(col-60, len(text)-80)); len(text) > 100 { // a part of a long line
		text, col = text[start:min(start+100, len(text))], col-start
	}
	for i, r := range text {
		if r < ' ' || r == utf8.RuneError || r == 0x7F {
			text[i] = ' '
		}
	}
	return fmt.Sprintf("%s\n  %s\n  %s^", s, string(text), strings.Repeat(" ", col))
}

// Parse returns the rules of a grammar, root first. If v is nil, a grammar with tokens is
// refused.
func Parse(text string, v *Vocab) (*grammar.Rules, error) {
	p := &parser{src: text, vocab: v, index: map[string]int{}}
	switch {
	case len(text) > maxLen:
		return nil, fmt.Errorf("a grammar of %d bytes: at most %d are allowed", len(text), maxLen)
	case !utf8.ValidString(text):
		return nil, p.fail(validPrefix(text), "invalid UTF-8")
	}
	p.rule("root") // rule 0
	p.space(true)
	for p.pos < len(p.src) {
		if err := p.definition(); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

// validPrefix returns the length in bytes of the longest prefix of text that is valid UTF-8.
func validPrefix(text string) int {
	for i, r := range text {
		if _, n := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && n == 1 {
			return i
		}
	}
	return len(text)
}

// Compile returns the program of a grammar. Errors contain the position in the text.
func Compile(text string, v *Vocab) (*grammar.Program, error) {
	rules, err := Parse(text, v)
	if err != nil {
		return nil, err
	}
	prog, err := grammar.Compile(rules)
	var left *grammar.LeftRecursion
	if errors.As(err, &left) {
		p := &parser{src: text}
		name := rules.Names[left.Rule]
		return nil, p.fail(definedAt(text, v, name), "rule %q calls itself before it takes a character (left recursion); write it with *, + or recursion on the right", name)
	}
	return prog, err
}

// definedAt returns the offset of a rule's definition.
func definedAt(text string, v *Vocab, name string) int {
	p := &parser{src: text, vocab: v, index: map[string]int{}}
	p.rule("root")
	p.space(true)
	for p.pos < len(p.src) {
		if p.definition() != nil {
			break
		}
	}
	return p.defined[p.index[name]]
}

type parser struct {
	src   string
	pos   int
	depth int
	vocab *Vocab

	index   map[string]int
	names   []string
	body    []grammar.Expr // nil: not defined
	used    []int          // by rule: the offset where its name was first used
	defined []int
}

func (p *parser) fail(pos int, format string, args ...any) error {
	pos = min(pos, len(p.src))
	before := p.src[:pos]
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(p.src[start:], "\n")
	return &Error{
		Line: strings.Count(before, "\n") + 1,
		Col:  utf8.RuneCountInString(before[start:]) + 1,
		Msg:  fmt.Sprintf(format, args...),
		Text: strings.TrimRight(line, "\r"),
	}
}

// rule returns the number of the rule with that name, and adds it if it is new.
func (p *parser) rule(name string) int {
	i, ok := p.index[name]
	if !ok {
		i = len(p.names)
		p.index[name] = i
		p.names = append(p.names, name)
		p.body = append(p.body, nil)
		p.used = append(p.used, p.pos)
		p.defined = append(p.defined, -1)
	}
	return i
}

// space skips blanks and comments and, if newline is set, also ends of lines.
func (p *parser) space(newline bool) {
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == ' ' || c == '\t':
			p.pos++
		case c == '#':
			for p.pos < len(p.src) && p.src[p.pos] != '\n' && p.src[p.pos] != '\r' {
				p.pos++
			}
		case newline && (c == '\n' || c == '\r'):
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) skip(s string) bool {
	if strings.HasPrefix(p.src[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

func (p *parser) name() string {
	start := p.pos
	for p.pos < len(p.src) && isName(p.src[p.pos]) {
		p.pos++
	}
	return p.src[start:p.pos]
}

// here describes the character at the current position, for messages.
func (p *parser) here() string {
	if p.pos >= len(p.src) {
		return "the end of the text"
	}
	switch r, _ := utf8.DecodeRuneInString(p.src[p.pos:]); r {
	case '\n', '\r':
		return "the end of the line"
	default:
		return fmt.Sprintf("%q", r)
	}
}
