package jsonschema

import (
	"fmt"
	"slices"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/fsa"
)

// kind is a set of names of undeclared properties, and the goal (a list of
// schemas, see shape.go) that the values of these properties must satisfy.
type kind struct {
	names *fsa.DFA
	goal  goal
}

// others returns the kinds of names that o allows besides its declared properties.
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
		var declared *fsa.DFA
		declared, err = oneOf(names)
		and(declared, fsa.Diff)
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

// properties returns the expression for objects in o, with their braces.
// An object has the declared properties first, in their order, and then
// others. The rules count properties as far as o bounds their number.
func (c *compiler) properties(o *objects) (grammar.Expr, error) {
	kinds, err := c.others(o)
	if err != nil {
		return nil, err
	}
	// Properties are counted up to this number.
	maxCount := max(o.min, 1)
	if o.max >= 0 {
		maxCount = max(o.max, 1)
	}
	// A rule's index has a bit for each condition in
	// o.some. The bit is set if the condition is satisfied.
	sets := 1 << min(len(o.some), 30)
	if (len(o.props)+1)*(maxCount+1)*sets > maxUnrolled {
		return nil, fmt.Errorf("minProperties, maxProperties or negations need more than %d rules", maxUnrolled)
	}
	rules := make([][]grammar.Ref, len(o.props)+1)
	for i := range rules {
		for range (maxCount + 1) * sets {
			rules[i] = append(rules[i], c.newRule())
		}
	}
	w := &writer{compiler: c, objects: o, kinds: kinds, maxCount: maxCount, rules: rules}
	for _, k := range kinds {
		w.other = append(w.other, c.pair(k))
	}
	for i := range rules {
		for at, r := range rules[i] {
			if c.out.Body[r], err = w.property(i, at/sets, at%sets); err != nil {
				return nil, err
			}
		}
	}
	return grammar.Seq{c.white.open, rules[0][0], c.white.shut}, nil
}

// writer makes the rules of one object.
type writer struct {
	*compiler
	*objects
	kinds    []kind
	other    grammar.Alt // the rules for one more property of any kind
	maxCount int
	rules    [][]grammar.Ref // by declared properties passed, then by properties written and conditions satisfied
}

// entries finds which of the conditions in w.some[first:] a property of kind k can
// satisfy. The conditions in the set has are already satisfied. For each set of other
// conditions that one property can satisfy, entries calls f. f gets k, restricted to
// the names and values that satisfy the set, and the union of has and the set.
func (w *writer) entries(k kind, first, has int, f func(k kind, has int)) error {
	f(k, has)
	for i := first; i < len(w.some); i++ {
		s := w.some[i]
		if has>>i&1 != 0 {
			continue
		}
		names, err := fsa.Product(k.names, s.names, fsa.And, stringStates)
		if err != nil {
			return err
		}
		if !names.Empty() {
			if err := w.entries(kind{names, k.goal.with(s.goal)}, i+1, has|1<<i, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// pair returns the expression for a property of kind k: its name and its value.
func (c *compiler) pair(k kind) grammar.Seq {
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
	return grammar.Seq{name, c.white.colon, c.rule(k.goal)}
}

// property returns the rule for the rest of an object that has n
// properties so far. The declared properties before index i have been
// written or left out, and the conditions in the set has are satisfied.
func (w *writer) property(i, n, has int) (grammar.Expr, error) {
	var out grammar.Alt
	sets := 1 << len(w.some)
	full := w.max >= 0 && n >= w.max
	to := func(i, n, has int) grammar.Ref { return w.rules[i][min(n, w.maxCount)*sets+has] }
	entry := func(e grammar.Seq, to grammar.Ref) {
		if n > 0 {
			e = append(grammar.Seq{w.white.comma}, e...)
		}
		out = append(out, append(e, to))
	}
	if i == len(w.props) {
		if n >= w.min && has == sets-1 {
			out = append(out, grammar.Seq{})
		}
		if full {
			return out, nil
		}
		if len(w.some) == 0 && len(w.kinds) > 0 {
			entry(grammar.Seq{w.other}, to(i, n+1, has))
			return out, nil
		}
		for _, k := range w.kinds {
			err := w.entries(k, 0, has, func(k kind, now int) { entry(w.pair(k), to(i, n+1, now)) })
			if err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	p := w.props[i]
	if !full && !slices.Contains(p.goal, nothing) {
		name, err := w.name(p.name)
		if err != nil {
			return nil, err
		}
		add := func(k kind, now int) {
			entry(grammar.Seq{name, w.white.colon, w.rule(k.goal)}, to(i+1, n+1, now))
		}
		if len(w.some) == 0 {
			add(kind{goal: p.goal}, has)
		} else if one, err := oneOf([]string{p.name}); err != nil {
			return nil, err
		} else if err := w.entries(kind{one, p.goal}, 0, has, add); err != nil {
			return nil, err
		}
	}
	if !p.required {
		out = append(out, to(i+1, n, has))
	}
	return out, nil
}
