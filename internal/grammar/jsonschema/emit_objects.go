package jsonschema

import (
	"fmt"
	"slices"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
)

// kind is names beside the properties, and what their values must satisfy.
type kind struct {
	names *fsa.DFA
	goal  goal
}

// others returns the kinds of names that o allows beside its properties.
func (c *compiler) others(o *objects) ([]kind, error) {
	d := everything
	var err error
	and := func(x *fsa.DFA, op fsa.Op) {
		if err == nil {
			d, err = fsa.Product(d, x, op, stringStates)
		}
	}
	if len(o.props) > 0 {
		var names []string
		for _, p := range o.props {
			names = append(names, p.name)
		}
		and(oneOf(names), fsa.Diff)
	}
	for _, k := range o.keys {
		and(k, fsa.And)
	}
	kinds := []kind{{d, nil}}
	for _, g := range o.groups {
		type split struct {
			kind
			looked bool
		}
		list := make([]split, 0, len(kinds))
		for _, k := range kinds {
			list = append(list, split{k, false})
		}
		for _, p := range g.patterns {
			var next []split
			for _, k := range list {
				in, err1 := fsa.Product(k.names, p.dfa, fsa.And, stringStates)
				out, err2 := fsa.Product(k.names, p.dfa, fsa.Diff, stringStates)
				if err1 != nil || err2 != nil || len(list) > 200 {
					return nil, &Refused{p.from, "the patterns' automata are too large"}
				}
				next = append(next, split{kind{in, k.goal.with(p.goal)}, true}, split{kind{out, k.goal}, k.looked})
			}
			list = slices.DeleteFunc(next, func(k split) bool { return k.names.Empty() })
		}
		kinds = kinds[:0]
		for _, k := range list {
			if !k.looked {
				k.goal = k.goal.with(g.rest)
			}
			kinds = append(kinds, k.kind)
		}
	}
	kinds = slices.DeleteFunc(kinds, func(k kind) bool { return k.names.Empty() || slices.Contains(k.goal, nothing) })
	return kinds, err
}

// properties returns the JSON texts of objects: the properties in their order, then
// others. The rules count where there are bounds.
func (c *compiler) properties(o *objects) (grammar.Expr, error) {
	kinds, err := c.others(o)
	if err != nil {
		return nil, err
	}
	var other grammar.Alt
	for _, k := range kinds {
		var name grammar.Expr = grammar.Automaton{DFA: anyString()}
		if k.names != everything {
			small := k.names.Minimize()
			key := fmt.Sprint("names ", small.States)
			d, ok := c.encoded[key]
			if !ok {
				d = encode(small, true, true)
				c.encoded[key] = d
				c.states += len(d.States)
			}
			name = grammar.Automaton{DFA: d}
		}
		other = append(other, grammar.Seq{name, c.white.colon, c.rule(k.goal)})
	}
	// counts are told apart up to here.
	most := max(o.min, 1)
	if o.max >= 0 {
		most = max(o.max, 1)
	}
	if (len(o.props)+1)*(most+1) > maxUnrolled {
		return nil, fmt.Errorf("minProperties or maxProperties need more than %d rules", maxUnrolled)
	}
	rules := make([][]grammar.Ref, len(o.props)+1)
	for i := range rules {
		for range most + 1 {
			rules[i] = append(rules[i], c.newRule())
		}
	}
	for i := range rules {
		for n, r := range rules[i] {
			c.out.Body[r] = c.property(o, i, n, rules, other)
		}
	}
	return grammar.Seq{c.white.open, rules[0][0], c.white.shut}, nil
}

// property returns what may follow n properties, of those from i on.
func (c *compiler) property(o *objects, i, n int, rules [][]grammar.Ref, other grammar.Alt) grammar.Expr {
	var out grammar.Alt
	next := min(n+1, len(rules[0])-1)
	full := o.max >= 0 && n >= o.max
	entry := func(e grammar.Seq, to grammar.Ref) {
		if n > 0 {
			e = append(grammar.Seq{c.white.comma}, e...)
		}
		out = append(out, append(e, to))
	}
	if i == len(o.props) {
		if n >= o.min {
			out = append(out, grammar.Seq{})
		}
		if len(other) > 0 && !full {
			entry(grammar.Seq{other}, rules[i][next])
		}
		return out
	}
	p := o.props[i]
	if !full && !slices.Contains(p.goal, nothing) {
		entry(grammar.Seq{c.name(p.name), c.white.colon, c.rule(p.goal)}, rules[i+1][next])
	}
	if !p.required {
		out = append(out, rules[i+1][n])
	}
	return out
}
