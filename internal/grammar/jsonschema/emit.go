package jsonschema

import (
	"fmt"
	"strings"
	"sync"

	"alpaca/internal/grammar"
)

// white has JSON's punctuation with the white space allowed around it.
type white struct{ comma, colon, open, shut, openArray, shutArray grammar.Expr }

// whites returns two forms of the punctuation: with white space and without. Each
// place allows at most a newline and 20 blanks, because a model could write blanks
// forever. The punctuation is made on first use, so that the program starts fast.
var whites = sync.OnceValue(func() [2]*white {
	return [2]*white{newWhite(`(\n|\r\n)?[ \t]{0,20}`), newWhite("")}
})

func newWhite(space string) *white {
	mark := func(before, c, after string) grammar.Expr {
		return grammar.Automaton{DFA: compile("^%s%s%s$", before, c, after)}
	}
	return &white{
		comma: mark(space, ",", space), colon: mark(space, ":", space),
		open: mark("", `\{`, space), shut: mark(space, `\}`, ""),
		openArray: mark("", `\[`, space), shutArray: mark(space, `\]`, ""),
	}
}

// key returns a string that identifies the set.
func (n *numbers) key() string {
	var b strings.Builder
	fmt.Fprint(&b, n.integer, n.fraction, n.lo, n.loOpen, n.hi, n.hiOpen, n.multiples, n.others, n.out)
	if n.points != nil {
		for _, p := range n.points {
			fmt.Fprint(&b, "=", p.v, p.text)
		}
	}
	return b.String()
}

// maxUnrolled bounds the rules of one array or object.
const maxUnrolled = 20_000

// items returns the expression for the arrays that a describes, with their brackets.
func (c *compiler) items(a *array) (grammar.Expr, error) {
	if a.max == 0 {
		a = &array{max: 0, contains: a.contains, min: a.min}
	}
	if a.unique != nil && (a.max < 0 || a.max > 1) {
		e, err := c.unique(a)
		if err == nil {
			return e, nil
		}
		if err := c.forgive(a.unique, "uniqueItems", err); err != nil {
			return nil, err
		}
	}
	body, err := c.containing(a)
	for _, x := range a.contains {
		if err != nil && x.from != nil {
			if err := c.forgive(x.from, "contains", err); err != nil {
				return nil, err
			}
			body, err = c.list(a), nil
		}
	}
	if err != nil {
		return nil, err
	}
	return grammar.Seq{c.white.openArray, body, c.white.shutArray}, nil
}

// list returns the expression for the items of an array, without brackets.
func (c *compiler) list(a *array) grammar.Expr {
	if a.max >= 0 && a.min > a.max {
		return grammar.Alt{}
	}
	k := len(a.prefix)
	if a.max >= 0 {
		k = min(k, a.max)
	}
	// The rules are made from the last item to the first. tail is the text that may follow item i-1.
	maximum := -1
	if a.max >= 0 {
		maximum = a.max - k
	}
	item := c.rule(a.rest)
	var tail grammar.Expr = grammar.Seq{}
	minimum := max(0, a.min-k)
	switch {
	case maximum == 0:
	case k == 0:
		more := grammar.Repeat{X: grammar.Seq{c.white.comma, item}, Min: max(0, minimum-1), Max: max(maximum-1, -1)}
		tail = grammar.Seq{item, more}
		if minimum == 0 {
			tail = grammar.Alt{grammar.Seq{}, tail}
		}
	default:
		tail = grammar.Repeat{X: grammar.Seq{c.white.comma, item}, Min: minimum, Max: maximum}
	}
	for i := k - 1; i >= 0; i-- {
		one := grammar.Seq{c.rule(a.prefix[i]), tail}
		if i > 0 {
			one = append(grammar.Seq{c.white.comma}, one...)
		}
		r := c.newRule()
		if i >= a.min {
			c.out.Body[r] = grammar.Alt{grammar.Seq{}, one}
		} else {
			c.out.Body[r] = one
		}
		tail = r
	}
	return tail
}
