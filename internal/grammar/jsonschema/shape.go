package jsonschema

import (
	"slices"

	"alpaca/internal/grammar/fsa"
)

// literal is the id of a schema that a value must satisfy. A
// negated id stands for a schema that the value must not satisfy.
type literal int32

// goal is a sorted list of literals, which must all hold
// for a value. Every value satisfies an empty goal.
type goal []literal

func (g goal) with(o goal) goal {
	if len(o) == 0 {
		return g
	}
	out := append(slices.Clone(g), o...)
	slices.Sort(out)
	return slices.Compact(out)
}

// cell is a set of values. It has a set for each type, or nil if there are no values of that type.
type cell struct {
	null  bool
	bools [2]bool // whether the cell has the value false, and whether it has true
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
	min, max int // -1: no bound
	contains []contains
	unique   *schema // the schema that has uniqueItems; nil: items may repeat

	known int  // number of leading items that a keyword has evaluated, for unevaluatedItems
	all   bool // all items are evaluated
}

// contains says how many of the items from index skip on must satisfy a goal. max -1: no bound.
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
	out := &array{rest: a.rest.with(b.rest), min: max(a.min, b.min), max: minLimit(a.max, b.max),
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

// minLimit returns the smaller of two bounds; -1 stands for no bound.
func minLimit(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// objects is a set of objects.
type objects struct {
	props    []prop
	groups   []group
	keys     []*fsa.DFA // automata that all names must match
	some     []some
	min, max int
}

// some demands at least one property with a name that the automaton accepts, and with a value that
// satisfies the goal.
type some struct {
	names *fsa.DFA
	goal  goal
}

// prop is a declared property. A forbidden property has the goal nothing.
type prop struct {
	name     string
	goal     goal
	required bool
	known    bool // a keyword has evaluated this property, for unevaluatedProperties
}

// group has the demands of one schema on the properties that this schema does not declare.
type group struct {
	names    map[string]bool // the declared properties
	patterns []patternGoal
	rest     goal // goal of the properties that match no pattern
	all      bool // the group evaluates all properties except names, for unevaluatedProperties
}

type patternGoal struct {
	dfa  *fsa.DFA
	goal goal
	from string // pointer of the schema, for errors
}

// of returns the group's goal for the value of a property, and whether the group evaluates this
// property.
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
		some: append(slices.Clip(o.some), b.some...), min: max(o.min, b.min), max: minLimit(o.max, b.max)}
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

// and returns the intersection of two cells. ok is false if the intersection is known to be empty.
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

// nothing is the literal of the schema false, the first schema of every document.
const nothing literal = 1
