package jsonschema

import (
	"fmt"
	"slices"

	"alpaca/internal/grammar"
)

// maxUnique bounds how many different items an array with uniqueItems may have.
const maxUnique = 8

// unique returns the expression for arrays whose items all differ. The items must have only a few
// possible values, all of them scalars. For each set of values that may have occurred so far, it
// makes a rule.
func (c *compiler) unique(a *array) (grammar.Expr, error) {
	if len(a.prefix) > 0 || len(a.contains) > 0 {
		return nil, fmt.Errorf("not supported beside prefixItems or contains")
	}
	values, err := c.few(a.rest)
	if err != nil {
		return nil, err
	}
	rules := make([]grammar.Ref, 1<<len(values))
	for set := range rules {
		rules[set] = c.newRule()
	}
	for set, r := range rules {
		var out grammar.Alt
		n := 0
		for i := range values {
			n += set >> i & 1
		}
		if n >= a.min {
			out = append(out, grammar.Seq{})
		}
		for i, v := range values {
			if set>>i&1 != 0 || a.max >= 0 && n >= a.max {
				continue
			}
			e := grammar.Seq{v, rules[set|1<<i]}
			if n > 0 {
				e = append(grammar.Seq{c.white.comma}, e...)
			}
			out = append(out, e)
		}
		c.out.Body[r] = out
	}
	return grammar.Seq{c.white.openArray, rules[0], c.white.shutArray}, nil
}

// few returns the values of a goal, one expression each, if there are at most maxUnique.
func (c *compiler) few(g goal) ([]grammar.Expr, error) {
	list, err := c.all(g)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, nil
	}
	x := list[0]
	many := fmt.Errorf("supported only if an enum gives the items at most %d values, or if at most one item is allowed", maxUnique)
	if len(list) > 1 || x.arr != nil || x.obj != nil || x.num != nil && x.num.points == nil || x.str != nil && x.str.dfa == nil {
		return nil, many
	}
	single := []cell{{null: x.null}, {bools: [2]bool{x.bools[0]}}, {bools: [2]bool{false, x.bools[1]}}}
	if x.num != nil {
		for i, p := range x.num.points {
			if !slices.ContainsFunc(x.num.points[:i], func(q point) bool { return q.v.Cmp(p.v) == 0 }) {
				single = append(single, cell{num: &numbers{points: []point{p}, integer: x.num.integer}})
			}
		}
	}
	if x.str != nil {
		texts, ok := x.str.dfa.Finite(maxUnique)
		if !ok {
			return nil, many
		}
		for _, t := range texts {
			one, err := oneOf([]string{t})
			if err != nil {
				return nil, err
			}
			single = append(single, cell{str: &stringSet{dfa: one, min: x.str.min, max: x.str.max, listed: true}})
		}
	}
	var out []grammar.Expr
	for _, s := range single {
		if s.empty() {
			continue
		}
		e, err := c.cell(s)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if len(out) > maxUnique {
		return nil, many
	}
	return out, nil
}
