package jsonschema

import (
	"errors"
	"maps"
	"slices"

	"alpaca/internal/grammar/fsa"
)

// errNot says that no cells (sets of values, see
// shape.go) describe the values that a schema refuses.
var errNot = errors.New("the values that the schema refuses cannot be written as a grammar")

// not returns cells whose union is all values that are not in c.
func (c cell) not() ([]cell, error) {
	var out []cell
	others := cell{null: !c.null, bools: [2]bool{!c.bools[0], !c.bools[1]}}
	all := whole()
	if c.num == nil {
		others.num = all.num
	} else {
		for _, n := range c.num.not() {
			out = append(out, cell{num: n})
		}
	}
	if c.str == nil {
		others.str = all.str
	} else {
		list, err := c.str.not()
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			out = append(out, cell{str: s})
		}
	}
	if c.arr == nil {
		others.arr = all.arr
	} else {
		list, err := c.arr.not()
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			out = append(out, cell{arr: a})
		}
	}
	if c.obj == nil {
		others.obj = all.obj
	} else {
		list, err := c.obj.not()
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			out = append(out, cell{obj: o})
		}
	}
	if !others.empty() {
		out = append(out, others)
	}
	return out, nil
}

// not returns goals. A value satisfies at least one of the returned goals if and only if it does
// not satisfy g.
func (g goal) not() []goal {
	var out []goal
	for _, l := range g {
		if l == nothing {
			return []goal{nil}
		}
		out = append(out, goal{-l})
	}
	return out
}

func (a *array) not() ([]*array, error) {
	if a.unique != nil {
		return nil, errNot
	}
	var out []*array
	if a.min > 0 {
		out = append(out, &array{max: a.min - 1})
	}
	if a.max >= 0 {
		out = append(out, &array{min: a.max + 1, max: -1})
	}
	for i, g := range a.prefix {
		for _, n := range g.not() {
			o := &array{min: i + 1, max: -1, prefix: make([]goal, i+1)}
			o.prefix[i] = n
			out = append(out, o)
		}
	}
	for _, n := range a.rest.not() {
		out = append(out, &array{max: -1, contains: []contains{{goal: n, min: 1, max: -1, skip: len(a.prefix)}}})
	}
	for _, c := range a.contains {
		if c.min > 0 {
			out = append(out, &array{max: -1, contains: []contains{{goal: c.goal, min: 0, max: c.min - 1, skip: c.skip, from: c.from}}})
		}
		if c.max >= 0 {
			out = append(out, &array{max: -1, contains: []contains{{goal: c.goal, min: c.max + 1, max: -1, skip: c.skip, from: c.from}}})
		}
	}
	return out, nil
}

func (o *objects) not() ([]*objects, error) {
	var out []*objects
	exists := func(names *fsa.DFA, goals ...goal) {
		for _, g := range goals {
			if !names.Empty() {
				out = append(out, &objects{max: -1, some: []some{{names, g}}})
			}
		}
	}
	for _, k := range o.keys {
		names, err := fsa.Product(everything, k, fsa.Diff, stringStates)
		if err != nil {
			return nil, errNot
		}
		exists(names, nil)
	}
	for _, g := range o.groups {
		names, err := oneOf(slices.Sorted(maps.Keys(g.names)))
		if err == nil {
			names, err = fsa.Product(everything, names, fsa.Diff, stringStates)
		}
		for _, p := range g.patterns {
			var in *fsa.DFA
			if err == nil {
				in, err = fsa.Product(names, p.dfa, fsa.And, stringStates)
			}
			if err != nil {
				return nil, errNot
			}
			exists(in, p.goal.not()...)
		}
		for _, p := range g.patterns {
			if err == nil {
				names, err = fsa.Product(names, p.dfa, fsa.Diff, stringStates)
			}
		}
		if err != nil {
			return nil, errNot
		}
		exists(names, g.rest.not()...)
	}
	for _, s := range o.some {
		n := goal{nothing}
		switch {
		case len(s.goal) == 1:
			n = s.goal.not()[0]
		case len(s.goal) > 1:
			return nil, errNot
		}
		out = append(out, &objects{max: -1, groups: []group{{patterns: []patternGoal{{dfa: s.names, goal: n}}}}})
	}
	if o.min > 0 {
		out = append(out, &objects{max: o.min - 1})
	}
	if o.max >= 0 {
		out = append(out, &objects{min: o.max + 1, max: -1})
	}
	for _, p := range o.props {
		if p.required {
			out = append(out, &objects{max: -1, props: []prop{{name: p.name, goal: goal{nothing}}}})
		}
		for _, n := range p.goal.not() {
			out = append(out, &objects{max: -1, props: []prop{{name: p.name, goal: n, required: true}}})
		}
	}
	return out, nil
}
