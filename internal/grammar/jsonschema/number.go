package jsonschema

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/grammar/ecma"
	"alpaca/internal/grammar/fsa"
)

// numbers is a set of numbers. If points is not nil, the set has only these points. Otherwise a
// number is in the set if it is within the bounds, is a multiple of every number in multiples, is a
// multiple of no number in others, and is not in out.
type numbers struct {
	points []point

	integer, fraction bool // the set has only integers, or only numbers that are not integers
	lo, hi            *big.Rat
	loOpen, hiOpen    bool // the bound itself is excluded
	multiples, others []*big.Rat
	out               []*big.Rat // numbers excluded from the set
}

// point is a number, and its text in the schema.
type point struct {
	v    *big.Rat
	text string
}

// has reports whether v is in the set. It ignores points.
func (n *numbers) has(v *big.Rat) bool {
	if n.integer && !v.IsInt() || n.fraction && v.IsInt() {
		return false
	}
	if n.lo != nil {
		if c := v.Cmp(n.lo); c < 0 || c == 0 && n.loOpen {
			return false
		}
	}
	if n.hi != nil {
		if c := v.Cmp(n.hi); c > 0 || c == 0 && n.hiOpen {
			return false
		}
	}
	multiple := func(m *big.Rat) bool { return new(big.Rat).Quo(v, m).IsInt() }
	return !slices.ContainsFunc(n.multiples, func(m *big.Rat) bool { return !multiple(m) }) &&
		!slices.ContainsFunc(n.others, multiple) &&
		!slices.ContainsFunc(n.out, func(o *big.Rat) bool { return o.Cmp(v) == 0 })
}

// empty reports whether the set is known to be empty.
func (n *numbers) empty() bool {
	if n.points != nil {
		return len(n.points) == 0
	}
	if n.integer && n.fraction {
		return true
	}
	if n.lo == nil || n.hi == nil {
		return false
	}
	c := n.lo.Cmp(n.hi)
	return c > 0 || c == 0 && (n.loOpen || n.hiOpen || !n.has(n.lo))
}

// and returns the numbers that are in both sets.
func (n *numbers) and(o *numbers) *numbers {
	if o.points != nil && n.points == nil {
		n, o = o, n
	}
	if n.points != nil {
		out := &numbers{points: []point{}, integer: n.integer || o.integer}
		for _, p := range n.points {
			in := o.has(p.v)
			if o.points != nil {
				in = slices.ContainsFunc(o.points, func(q point) bool { return q.v.Cmp(p.v) == 0 })
			}
			if in {
				out.points = append(out.points, p)
			}
		}
		return out
	}
	out := *n
	out.integer, out.fraction = n.integer || o.integer, n.fraction || o.fraction
	if o.lo != nil {
		c := 1
		if out.lo != nil {
			c = o.lo.Cmp(out.lo)
		}
		if c > 0 {
			out.lo, out.loOpen = o.lo, o.loOpen
		} else if c == 0 {
			out.loOpen = out.loOpen || o.loOpen
		}
	}
	if o.hi != nil {
		c := -1
		if out.hi != nil {
			c = o.hi.Cmp(out.hi)
		}
		if c < 0 {
			out.hi, out.hiOpen = o.hi, o.hiOpen
		} else if c == 0 {
			out.hiOpen = out.hiOpen || o.hiOpen
		}
	}
	out.multiples = append(slices.Clip(n.multiples), o.multiples...)
	out.others = append(slices.Clip(n.others), o.others...)
	out.out = append(slices.Clip(n.out), o.out...)
	return &out
}

// not returns sets whose union is all numbers that are not in n.
func (n *numbers) not() []*numbers {
	var out []*numbers
	if n.points != nil {
		rest := &numbers{}
		for _, p := range n.points {
			rest.out = append(rest.out, p.v)
		}
		return append(out, rest)
	}
	if n.integer {
		out = append(out, &numbers{fraction: true})
	}
	if n.fraction {
		out = append(out, &numbers{integer: true})
	}
	if n.lo != nil {
		out = append(out, &numbers{hi: n.lo, hiOpen: !n.loOpen})
	}
	if n.hi != nil {
		out = append(out, &numbers{lo: n.hi, loOpen: !n.hiOpen})
	}
	for _, m := range n.multiples {
		out = append(out, &numbers{others: []*big.Rat{m}})
	}
	for _, m := range n.others {
		out = append(out, &numbers{multiples: []*big.Rat{m}})
	}
	for _, v := range n.out {
		out = append(out, &numbers{points: []point{{v: v}}})
	}
	return out
}

// Patterns of numbers as text. The number of digits is bounded, because a model could write
// digits forever.
const (
	integerText  = `^-?(0|[1-9][0-9]{0,%d})$`
	plainText    = `^-?(0|[1-9][0-9]{0,%d})(\.[0-9]{1,%d})?$`
	numberText   = `^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$`
	notNegative  = `^([^-]|-0(\.0*)?([eE]|$))`
	notPositive  = `^(-|0(\.0*)?([eE]|$))`
	nonzeroText  = `^[^eE]*[1-9]`
	maxModulus   = 10_000
	numberStates = 60_000
)

// compile compiles a pattern that is part of this package.
func compile(format string, args ...any) *fsa.DFA {
	d, err := ecma.Compile(fmt.Sprintf(format, args...), numberStates)
	if err != nil {
		panic(err) // a bug in this package
	}
	return d
}

// automaton returns the automaton of the JSON texts of the set's numbers.
func (n *numbers) automaton() (*fsa.DFA, error) {
	if n.points != nil {
		return n.texts()
	}
	zero := func(b *big.Rat) bool { return b == nil || b.Sign() == 0 }
	if !n.integer && !n.fraction && zero(n.lo) && zero(n.hi) && len(n.multiples)+len(n.others)+len(n.out) == 0 {
		return n.signed()
	}
	digits, places := 19, 20
	for _, b := range append([]*big.Rat{n.lo, n.hi}, append(append(slices.Clone(n.out), n.multiples...), n.others...)...) {
		if b != nil {
			whole, frac := split(b)
			digits, places = max(digits, len(whole)), max(places, len(frac)+1)
		}
	}
	d := compile(plainText, digits, places)
	if n.integer {
		d = compile(integerText, digits)
	}
	var err error
	restrict := func(o *fsa.DFA, op fsa.Op) {
		if err == nil {
			d, err = fsa.Product(d, o, op, numberStates)
		}
	}
	if n.fraction {
		restrict(compile(`\.[0-9]*[1-9]`), fsa.And)
	}
	if n.lo != nil {
		restrict(compare(n.lo, func(c int) bool { return c > 0 || c == 0 && !n.loOpen }), fsa.And)
	}
	if n.hi != nil {
		restrict(compare(n.hi, func(c int) bool { return c < 0 || c == 0 && !n.hiOpen }), fsa.And)
	}
	for _, v := range n.out {
		restrict(compare(v, func(c int) bool { return c == 0 }), fsa.Diff)
	}
	for i, m := range append(slices.Clone(n.multiples), n.others...) {
		r, e := multiple(m)
		if e != nil {
			return nil, e
		}
		op := fsa.And
		if i >= len(n.multiples) {
			op = fsa.Diff
		}
		restrict(r, op)
	}
	if err != nil {
		return nil, err
	}
	return d.Minimize(), nil
}

// signed returns the automaton of all numbers, or of all numbers ≥ 0, ≤ 0, > 0 or < 0. An
// automaton can compare a number with an exponent to zero, but to no other bound. So only these sets
// and lists of points allow exponents.
func (n *numbers) signed() (*fsa.DFA, error) {
	d := compile(numberText)
	var err error
	and := func(pattern string) {
		if err == nil {
			d, err = fsa.Product(d, compile("%s", pattern), fsa.And, numberStates)
		}
	}
	if n.lo != nil {
		and(notNegative)
	}
	if n.hi != nil {
		and(notPositive)
	}
	if n.loOpen || n.hiOpen {
		and(nonzeroText)
	}
	if err != nil {
		return nil, err
	}
	return d.Minimize(), nil
}

// texts returns the automaton of the texts of the points. A point may be written as a decimal or as
// in the schema, and a long number also with an exponent. Integers may also end in .0, unless only
// integers are allowed. The error is fsa.ErrTooLarge if the automaton would have more than listStates
// states.
func (n *numbers) texts() (*fsa.DFA, error) {
	nfa := &fsa.NFA{}
	start, end := nfa.Add(), nfa.Add()
	add := func(text string) {
		at := start
		for i := range len(text) {
			next := end
			if i < len(text)-1 {
				next = nfa.Add()
			}
			nfa.Edge(at, rune(text[i]), rune(text[i]), next)
			at = next
		}
	}
	for _, p := range n.points {
		if nfa.Len() > 4*listStates { // a point has up to five texts, which share their beginnings
			return nil, fsa.ErrTooLarge
		}
		whole, frac := split(p.v)
		sign := ""
		if p.v.Sign() < 0 {
			sign = "-"
		}
		switch {
		case frac != "":
			add(sign + whole + "." + frac)
		case n.integer:
			add(sign + whole)
		default:
			add(sign + whole)
			add(sign + whole + ".0")
		}
		if f, exact := p.v.Float64(); exact && (len(whole) > 15 || len(frac) > 4) && !n.integer {
			add(strconv.FormatFloat(f, 'e', -1, 64))
			add(strconv.FormatFloat(f, 'g', -1, 64))
		}
		if p.text != "" && (!n.integer || !strings.ContainsAny(p.text, ".eE")) {
			add(p.text)
		}
	}
	return nfa.Determinize(start, end, listStates)
}
