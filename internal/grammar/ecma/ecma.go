// Package ecma compiles regular expressions of ECMAScript (ECMA-262 with the flag u, as JSON
// Schema requires) into automata over code points. A pattern matches a text if any part of the
// text matches the pattern; ^ and $ stand for the ends of the text. What automata cannot express
// (backreferences, lookahead and lookbehind) is an error with its position in the pattern.
package ecma

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"alpaca/internal/grammar/fsa"
)

// Bounds of a pattern.
const (
	maxLen    = 32 << 10 // bytes
	maxDepth  = 100      // nested parentheses
	maxStates = 40_000   // states of the NFA
)

// Error is a mistake in a pattern, with its position.
type Error struct {
	Pattern string
	Pos     int // code point, from 0
	Msg     string
}

func (e *Error) Error() string {
	return fmt.Sprintf("pattern %s: character %d: %s", quote(e.Pattern), e.Pos+1, e.Msg)
}

// quote returns a pattern for a message, shortened to 60 characters.
func quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return strconv.Quote(s)
}

// Compile returns the automaton of the texts that contain a match of pattern. If
// the automaton would have more than limit states, the error wraps fsa.ErrTooLarge.
func Compile(pattern string, limit int) (*fsa.DFA, error) {
	if len(pattern) > maxLen {
		return nil, fmt.Errorf("pattern of %d bytes: at most %d are allowed: %w", len(pattern), maxLen, fsa.ErrTooLarge)
	}
	p := &parser{src: []rune(pattern), text: pattern}
	tree, err := p.parse()
	if err != nil {
		return nil, err
	}
	c := &compiler{nfa: &fsa.NFA{}}
	start, from, to, accept := c.nfa.Add(), c.nfa.Add(), c.nfa.Add(), c.nfa.Add()
	c.nfa.Edge(start, 0, fsa.MaxRune, start)
	c.nfa.Move(start, from)
	c.nfa.Edge(accept, 0, fsa.MaxRune, accept)
	c.nfa.Move(to, accept)
	c.add(tree, from, to)
	if c.tooLarge {
		return nil, fmt.Errorf("pattern %s: %w", quote(pattern), fsa.ErrTooLarge)
	}
	d, err := c.nfa.Determinize(start, accept, limit)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w: more than %d states", quote(pattern), err, limit)
	}
	return d, nil
}

// Nodes of a pattern's tree.
type (
	node   interface{}
	class  []fsa.Edge // ranges of code points; the field To is not used
	seq    []node
	alt    []node
	assert fsa.Assertion
	repeat struct {
		x        node
		min, max int // max -1: no bound
	}
)

type parser struct {
	src   []rune
	text  string
	pos   int
	depth int
	names map[string]bool
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{p.text, p.pos, fmt.Sprintf(format, args...)}
}

func (p *parser) parse() (node, error) {
	n, err := p.alternatives()
	if err == nil && p.pos < len(p.src) {
		err = p.fail("unmatched )")
	}
	return n, err
}

// at reports whether s comes next.
func (p *parser) at(s string) bool {
	r := []rune(s)
	return p.pos+len(r) <= len(p.src) && slices.Equal(p.src[p.pos:p.pos+len(r)], r)
}

// skip takes s if it comes next.
func (p *parser) skip(s string) bool {
	if !p.at(s) {
		return false
	}
	p.pos += len([]rune(s))
	return true
}

func (p *parser) alternatives() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("parentheses are nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	var out alt
	for {
		var s seq
		for p.pos < len(p.src) && !p.at("|") && !p.at(")") {
			n, err := p.term()
			if err != nil {
				return nil, err
			}
			s = append(s, n)
		}
		out = append(out, s)
		if !p.skip("|") {
			return out, nil
		}
	}
}

// term parses an atom with its quantifier.
func (p *parser) term() (node, error) {
	n, err := p.atom()
	if err != nil {
		return nil, err
	}
	low, high, ok, err := p.quantifier()
	if err != nil || !ok {
		return n, err
	}
	if _, is := n.(assert); is {
		return nil, p.fail("nothing to repeat")
	}
	p.skip("?") // greedy or not, the language is the same
	if _, _, again, _ := p.quantifier(); again {
		return nil, p.fail("nothing to repeat")
	}
	return repeat{n, low, high}, nil
}

// quantifier parses *, +, ? or {m,n}.
func (p *parser) quantifier() (low, high int, ok bool, err error) {
	switch {
	case p.skip("*"):
		return 0, -1, true, nil
	case p.skip("+"):
		return 1, -1, true, nil
	case p.skip("?"):
		return 0, 1, true, nil
	case !p.at("{"):
		return 0, 0, false, nil
	}
	start := p.pos
	p.pos++
	low, ok = p.number()
	if !ok { // a literal brace. ECMAScript allows it only without the flag u.
		p.pos = start
		return 0, 0, false, nil
	}
	high = low
	if p.skip(",") {
		if high, ok = p.number(); !ok {
			high = -1
		}
	}
	if !p.skip("}") {
		p.pos = start
		return 0, 0, false, nil
	}
	if high >= 0 && high < low {
		p.pos = start
		return 0, 0, false, p.fail("the bounds of {%d,%d} are out of order", low, high)
	}
	return low, high, true, nil
}

// number parses decimal digits.
func (p *parser) number() (int, bool) {
	start, n := p.pos, 0
	for p.pos < len(p.src) && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
		n = min(n*10+int(p.src[p.pos]-'0'), maxStates+1)
		p.pos++
	}
	return n, p.pos > start
}

func (p *parser) atom() (node, error) {
	switch r := p.src[p.pos]; r {
	case '^':
		p.pos++
		return assert(fsa.Begin), nil
	case '$':
		p.pos++
		return assert(fsa.End), nil
	case '.':
		p.pos++
		return not(class{{Lo: '\n', Hi: '\n'}, {Lo: '\r', Hi: '\r'}, {Lo: 0x2028, Hi: 0x2029}}), nil
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '*', '+', '?':
		return nil, p.fail("nothing to repeat")
	case '{':
		if _, _, ok, err := p.quantifier(); ok || err != nil {
			return nil, errors.Join(err, p.fail("nothing to repeat"))
		}
		fallthrough
	default:
		p.pos++
		return single(r), nil
	}
}

func (p *parser) group() (node, error) {
	start := p.pos
	switch {
	case p.skip("(?:"):
	case p.at("(?=") || p.at("(?!") || p.at("(?<=") || p.at("(?<!"):
		return nil, p.fail("conditions that look ahead or behind are not supported")
	case p.skip("(?<"):
		begin := p.pos
		for p.pos < len(p.src) && p.src[p.pos] != '>' {
			p.pos++
		}
		name := string(p.src[begin:p.pos])
		if !p.skip(">") || name == "" || p.names[name] {
			p.pos = start
			return nil, p.fail("the group's name is missing, not closed or used twice")
		}
		if p.names == nil {
			p.names = map[string]bool{}
		}
		p.names[name] = true
	case p.at("(?"):
		return nil, p.fail("unknown kind of group")
	default:
		p.pos++
	}
	n, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if !p.skip(")") {
		p.pos = start
		return nil, p.fail("the parenthesis is not closed")
	}
	return n, nil
}
