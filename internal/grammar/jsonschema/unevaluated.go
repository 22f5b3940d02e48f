package jsonschema

import (
	"errors"
	"slices"
)

// unevaluated applies unevaluatedProperties and unevaluatedItems to list, the cells of all other
// keywords of s.
func (c *compiler) unevaluated(s *schema, list []cell) ([]cell, error) {
	for _, key := range []string{"unevaluatedProperties", "unevaluatedItems"} {
		if !s.has(key) {
			continue
		}
		x, err := c.doc.sub(s, s.get(key), key)
		if err != nil {
			return nil, err
		}
		list = slices.Clone(list)
		for i := range list {
			if list[i].obj != nil && key == "unevaluatedProperties" {
				list[i].obj = list[i].obj.unevaluated(c.goal(x))
			}
			if a := list[i].arr; a != nil && key == "unevaluatedItems" {
				if len(a.contains) > 0 && !a.all {
					if err := c.forgive(s, key, errors.New("not supported beside contains")); err != nil {
						return nil, err
					}
					continue
				}
				list[i].arr = a.unevaluated(c.goal(x))
			}
		}
	}
	return list, nil
}

func (o *objects) unevaluated(g goal) *objects {
	out := *o
	out.props = slices.Clone(o.props)
	names := map[string]bool{}
	for i := range out.props {
		p := &out.props[i]
		names[p.name] = true
		if !p.known {
			p.goal, p.known = p.goal.with(g), true
		}
	}
	rest := group{names: names, rest: g, all: true}
	for _, old := range o.groups {
		if old.all {
			return &out
		}
		for _, p := range old.patterns {
			rest.patterns = append(rest.patterns, patternGoal{dfa: p.dfa, from: p.from})
		}
	}
	out.groups = append(slices.Clip(o.groups), rest)
	return &out
}

func (a *array) unevaluated(g goal) *array {
	if a.all {
		return a
	}
	out := *a
	out.prefix = slices.Clone(a.prefix)
	for i := a.known; i < len(out.prefix); i++ {
		out.prefix[i] = out.prefix[i].with(g)
	}
	out.rest, out.all = out.rest.with(g), true
	return &out
}
