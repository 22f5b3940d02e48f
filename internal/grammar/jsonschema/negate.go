package jsonschema

import "errors"

// errNot says that what a schema refuses cannot be described.
var errNot = errors.New("what this refuses cannot be written as a grammar")

// not returns cells that together are the values which c lacks.
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

// not returns the goals of which at least one holds where g does not.
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
		switch {
		case len(a.prefix) == 0:
			out = append(out, &array{max: -1, contains: []contains{{goal: n, min: 1, max: -1}}})
		case len(n) == 0: // no more items than the prefix has
			out = append(out, &array{min: len(a.prefix) + 1, max: -1})
		default:
			return nil, errNot
		}
	}
	for _, c := range a.contains {
		if c.min > 0 {
			out = append(out, &array{max: -1, contains: []contains{{goal: c.goal, min: 0, max: c.min - 1, from: c.from}}})
		}
		if c.max >= 0 {
			out = append(out, &array{max: -1, contains: []contains{{goal: c.goal, min: c.max + 1, max: -1, from: c.from}}})
		}
	}
	return out, nil
}

func (o *objects) not() ([]*objects, error) {
	if len(o.keys) > 0 {
		return nil, errNot
	}
	var out []*objects
	for _, g := range o.groups {
		if len(g.rest) > 0 {
			return nil, errNot
		}
		for _, p := range g.patterns {
			if len(p.goal) > 0 {
				return nil, errNot
			}
		}
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
