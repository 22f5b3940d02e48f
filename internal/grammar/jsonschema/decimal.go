package jsonschema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"alpaca/internal/grammar/fsa"
)

// split returns the digits of |v| before and after the point. v has a finite decimal expansion.
func split(v *big.Rat) (whole, frac string) {
	n, exact := v.FloatPrec()
	if !exact {
		n = 400
	}
	whole, frac, _ = strings.Cut(new(big.Rat).Abs(v).FloatString(n), ".")
	return whole, strings.TrimRight(frac, "0")
}

// build returns an automaton whose states stand for keys: for start,
// and for all keys that the function next reaches from start.
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

// place is the state of a comparison. n is the number of digits that
// have been read in the current part, before or after the point. cmp
// says how the digits so far compare with the bound's: -1, 0 or 1.
type place struct {
	negative, frac bool
	n, cmp         int
}

// compare returns the automaton of the plain decimals d for which ok(c) is true. c is -1 if d is
// below bound, 0 if it equals bound, and 1 if it is above.
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
	// pointed compares the integer parts, after p has read all digits before the point.
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

// remainder is a state of multiple. r is the remainder of the digits so far. frac counts the
// decimal places. point is set after the decimal point. rest is set if a digit after the decimal
// places of the divisor is not 0.
type remainder struct {
	r, frac int
	point   bool
	rest    bool
}

// multiple returns the automaton of the plain decimals that are multiples of m.
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
