package jsonschema

import (
	"slices"

	"alpaca/internal/grammar/fsa"
)

// literal is a schema that must hold (its number), or that must not (the negative).
type literal int32

// goal is literals that must all hold, in order; none is anything.
type goal []literal

func (g goal) with(o goal) goal {
	if len(o) == 0 {
		return g
	}
	out := append(slices.Clone(g), o...)
	slices.Sort(out)
	return slices.Compact(out)
}

// cell is a set of values: for each type those of its set, nil for none.
type cell struct {
	null  bool
	bools [2]bool // false, true
	num   *numbers
	str   *stringSet
	arr   *array
	obj   *objects
}

// whole returns the cell of all values.
func whole() cell {
	return cell{
		null: true, bools: [2]bool{true, true}, num: &numbers{},
		str: &stringSet{max: -1}, arr: &array{max: -1}, obj: &objects{max: -1},
	}
}

// array is a set of arrays.
type array struct {
	prefix   []goal
	rest     goal
	min, max int // max -1: no bound
	contains []contains
	unique   *schema // the schema that says so

	known int  // items that a keyword has looked at, for unevaluatedItems
	all   bool // all of them
}

// contains says how many items, of those from skip on, must satisfy a goal; max -1 has no
// bound.
type contains struct {
	goal     goal
	min, max int
	skip     int
	from     *schema
}

func (a *array) at(i int) goal {
	if i < len(a.prefix) {
		return a.prefix[i]
	}
	return a.rest
}

func (a *array) and(b *array) *array {
	out := &array{rest: a.rest.with(b.rest), min: max(a.min, b.min), max: least(a.max, b.max),
		contains: append(slices.Clip(a.contains), b.contains...), unique: a.unique,
		known: max(a.known, b.known), all: a.all || b.all}
	if out.unique == nil {
		out.unique = b.unique
	}
	for i := range max(len(a.prefix), len(b.prefix)) {
		out.prefix = append(out.prefix, a.at(i).with(b.at(i)))
	}
	return out
}

// least returns the smaller of two bounds, of which -1 is none.
func least(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// objects is a set of objects.
type objects struct {
	props    []prop
	groups   []group
	keys     []*fsa.DFA // what all names must match
	some     []some
	min, max int
}

// some says that there is a property whose name is one of names and whose value
// satisfies goal.
type some struct {
	names *fsa.DFA
	goal  goal
}

// prop is a property by name. One that is forbidden has the goal of nothing.
type prop struct {
	name     string
	goal     goal
	required bool
	known    bool // a keyword has looked at it, for unevaluatedProperties
}

// group is what one schema says of names that are not in its properties.
type group struct {
	names    map[string]bool
	patterns []patternGoal
	rest     goal
	all      bool // it says something of all of them: for unevaluatedProperties
}

type patternGoal struct {
	dfa  *fsa.DFA
	goal goal
	from string // pointer
}

// of returns what the group demands of the value of a name, and whether it looks at it.
func (g *group) of(name string) (out goal, looks bool) {
	if g.names[name] {
		return nil, false
	}
	for _, p := range g.patterns {
		if p.dfa.Match([]rune(name)) {
			out, looks = out.with(p.goal), true
		}
	}
	if !looks {
		return g.rest, g.all
	}
	return out, true
}

func (o *objects) find(name string) int {
	return slices.IndexFunc(o.props, func(p prop) bool { return p.name == name })
}

func (o *objects) and(b *objects) *objects {
	out := &objects{groups: append(slices.Clip(o.groups), b.groups...), keys: append(slices.Clip(o.keys), b.keys...),
		some: append(slices.Clip(o.some), b.some...), min: max(o.min, b.min), max: least(o.max, b.max)}
	index := map[string]int{}
	add := func(p prop, other *objects) {
		for i := range other.groups {
			g, looks := other.groups[i].of(p.name)
			p.goal = p.goal.with(g)
			p.known = p.known || looks
		}
		for _, k := range other.keys {
			if !k.Match([]rune(p.name)) {
				p.goal = p.goal.with(goal{nothing})
			}
		}
		index[p.name] = len(out.props)
		out.props = append(out.props, p)
	}
	mine := map[string]bool{}
	for _, p := range o.props {
		mine[p.name] = true
	}
	theirs := map[string]prop{}
	for _, p := range b.props {
		theirs[p.name] = p
	}
	for _, p := range o.props {
		if q, both := theirs[p.name]; both {
			p.goal = p.goal.with(q.goal)
			p.required = p.required || q.required
			p.known = p.known || q.known
			out.props = append(out.props, p)
			continue
		}
		add(p, b)
	}
	for _, p := range b.props {
		if !mine[p.name] {
			add(p, o)
		}
	}
	return out
}

// and returns the values of both cells; ok is false where there are none for certain.
func (c cell) and(d cell) (out cell, ok bool, err error) {
	out.null = c.null && d.null
	for i := range 2 {
		out.bools[i] = c.bools[i] && d.bools[i]
	}
	if c.num != nil && d.num != nil {
		if out.num = c.num.and(d.num); out.num.empty() {
			out.num = nil
		}
	}
	if c.str != nil && d.str != nil {
		if out.str, err = c.str.and(d.str); err != nil {
			return out, false, err
		}
		if out.str.empty() {
			out.str = nil
		}
	}
	if c.arr != nil && d.arr != nil {
		if out.arr = c.arr.and(d.arr); out.arr.max >= 0 && out.arr.min > out.arr.max {
			out.arr = nil
		}
	}
	if c.obj != nil && d.obj != nil {
		out.obj = c.obj.and(d.obj)
		required := 0
		for _, p := range out.obj.props {
			if p.required {
				required++
				if slices.Contains(p.goal, nothing) {
					out.obj = nil
					break
				}
			}
		}
		if o := out.obj; o != nil && o.max >= 0 && max(o.min, required) > o.max {
			out.obj = nil
		}
	}
	return out, !out.empty(), nil
}

func (c cell) empty() bool {
	return !c.null && !c.bools[0] && !c.bools[1] && c.num == nil && c.str == nil && c.arr == nil && c.obj == nil
}

// nothing is the literal of the schema false, the first of every document.
const nothing literal = 1
