package jsonschema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/grammar/ecma"
	"alpaca/internal/grammar/fsa"
)

// numbers is a set of numbers: finite if points is not nil, else those within the
// bounds that are multiples of all of multiples and none of others.
type numbers struct {
	points []point

	integer, fraction bool // integers only; those that are none only
	lo, hi            *big.Rat
	loOpen, hiOpen    bool // the bound itself is out
	multiples, others []*big.Rat
	out               []*big.Rat // that are not in the set
}

// point is a number and how a schema writes it.
type point struct {
	v    *big.Rat
	text string
}

// has reports whether v is in the set; points are not looked at.
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

// and returns the numbers of both sets.
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

// not returns sets that together are the numbers which n lacks.
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

// Patterns of numbers as text. Digits are bounded, because a model can write them for ever.
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

// compile is ecma.Compile for patterns of our own.
func compile(format string, args ...any) *fsa.DFA {
	d, err := ecma.Compile(fmt.Sprintf(format, args...), numberStates)
	if err != nil {
		panic(err) // a fault of this package
	}
	return d
}

// automaton returns the texts of the set's numbers.
func (n *numbers) automaton() (*fsa.DFA, error) {
	if n.points != nil {
		return n.texts(), nil
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

// signed returns the texts of all numbers, or those above or below zero; these alone
// may have exponents, whose values no automaton can compare with a bound.
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

// texts returns the ways to write the points: in decimals, as the schema writes them,
// and as programs do that use exponents; integers also with a fraction of 0.
func (n *numbers) texts() *fsa.DFA {
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
	d, err := nfa.Determinize(start, end, 1<<20)
	if err != nil {
		panic(err) // as large as the schema's text at most
	}
	return d
}

// split returns the digits of |v| before and after the point. v is a decimal.
func split(v *big.Rat) (whole, frac string) {
	n, exact := v.FloatPrec()
	if !exact {
		n = 400
	}
	whole, frac, _ = strings.Cut(new(big.Rat).Abs(v).FloatString(n), ".")
	return whole, strings.TrimRight(frac, "0")
}

// build returns the automaton whose states are keys.
func build[K comparable](start K, next func(K, byte) (K, bool), accept func(K) bool) *fsa.DFA {
	number := map[K]int32{start: 0}
	order := []K{start}
	d := &fsa.DFA{}
	for i := 0; i < len(order); i++ {
		s := fsa.State{Accept: accept(order[i])}
		for _, b := range []byte("-.0123456789") {
			k, ok := next(order[i], b)
			if !ok {
				continue
			}
			to, known := number[k]
			if !known {
				to = int32(len(order))
				number[k] = to
				order = append(order, k)
			}
			s.Edges = append(s.Edges, fsa.Edge{Lo: rune(b), Hi: rune(b), To: to})
		}
		d.States = append(d.States, s)
	}
	return d
}

// place is where a decimal is compared: how many digits were read before the point or
// behind it, and how they compare with the bound's.
type place struct {
	negative, frac bool
	n, cmp         int
}

// compare returns the plain decimals for which ok holds of their comparison with bound.
func compare(bound *big.Rat, ok func(int) bool) *fsa.DFA {
	whole, frac := split(bound)
	digit := func(p place, b, with byte) place {
		if p.cmp == 0 {
			p.cmp = int(b) - int(with)
			p.cmp = max(-1, min(1, p.cmp))
		}
		p.n++
		return p
	}
	// pointed is p at the end of its whole part.
	pointed := func(p place) int {
		switch {
		case p.n < len(whole):
			return -1
		case p.n > len(whole):
			return 1
		}
		return p.cmp
	}
	next := func(p place, b byte) (place, bool) {
		switch {
		case b == '-':
			p.negative = true
			return p, !p.frac && p.n == 0
		case b == '.':
			return place{negative: p.negative, frac: true, cmp: pointed(p)}, !p.frac
		case !p.frac && p.n < len(whole):
			return digit(p, b, whole[p.n]), true
		case !p.frac:
			return place{negative: p.negative, n: len(whole) + 1, cmp: 1}, true
		case p.n < len(frac):
			p = digit(p, b, frac[p.n])
			if p.cmp != 0 {
				p.n = len(frac)
			}
			return p, true
		default:
			if b != '0' && p.cmp == 0 {
				p.cmp = 1
			}
			return p, true
		}
	}
	return build(place{}, next, func(p place) bool {
		c := p.cmp
		if !p.frac {
			c = pointed(p)
		}
		if c == 0 && len(frac) > 0 && (!p.frac || p.n < len(frac) && strings.Trim(frac[p.n:], "0") != "") {
			c = -1
		}
		// c compares the magnitudes.
		switch {
		case bound.Sign() == 0 && c == 0:
			return ok(0)
		case p.negative && bound.Sign() >= 0:
			if bound.Sign() > 0 || c > 0 {
				return ok(-1)
			}
			return ok(0)
		case !p.negative && bound.Sign() < 0:
			return ok(1)
		case p.negative:
			return ok(-c)
		}
		return ok(c)
	})
}

// remainder is a decimal's remainder so far; frac counts the places, and rest tells that
// places were not 0 that no multiple has.
type remainder struct {
	r, frac int
	point   bool
	rest    bool
}

// multiple returns the plain decimals that are multiples of m.
func multiple(m *big.Rat) (*fsa.DFA, error) {
	_, f := split(m)
	places := len(f)
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	p := new(big.Int).Quo(new(big.Int).Mul(m.Num(), scale), m.Denom())
	if !p.IsInt64() || p.Int64()*int64(places+1) > maxModulus*4 || p.Int64() > maxModulus {
		return nil, fmt.Errorf("multiples of %s need more than %d states", json.Number(m.FloatString(places)), maxModulus)
	}
	mod := int(p.Int64())
	next := func(k remainder, b byte) (remainder, bool) {
		switch {
		case b == '-':
			return k, !k.point
		case b == '.':
			k.point = true
			return k, true
		case k.frac == places && k.point:
			k.rest = k.rest || b != '0'
			return k, true
		case k.point:
			k.frac++
		}
		k.r = (k.r*10 + int(b-'0')) % mod
		return k, true
	}
	return build(remainder{}, next, func(k remainder) bool {
		r := k.r
		for range places - k.frac {
			r = r * 10 % mod
		}
		return r == 0 && !k.rest
	}), nil
}
