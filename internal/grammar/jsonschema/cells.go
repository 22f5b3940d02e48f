package jsonschema

import (
	"errors"
	"slices"

	"alpaca/internal/grammar/fsa"
)

// maxCells bounds into how many alternatives a schema may fall apart.
const maxCells = 400

// of returns the cells of a literal: together the values for which it holds.
func (c *compiler) of(l literal) ([]cell, error) {
	s := c.doc.byID[max(l, -l)-1]
	if list, ok := s.cells[l > 0]; ok {
		return list, nil
	}
	if s.busy {
		return nil, &Refused{"#" + s.ptr, "the schema refers to itself without an end"}
	}
	if c.work++; c.work > maxSchemas || c.depth > 500 {
		return nil, &Refused{"#" + s.ptr, "the schema is too large"}
	}
	s.busy = true
	c.depth++
	defer func() { s.busy = false; c.depth-- }()
	var list []cell
	var err error
	if l > 0 {
		list, err = c.schema(s)
	} else {
		s.busy = false
		if list, err = c.of(-l); err == nil {
			list, err = c.notAny(list)
		}
	}
	if err != nil {
		return nil, err
	}
	s.cells[l > 0] = list
	return list, nil
}

// notAny returns the cells of the values that no cell of list has.
func (c *compiler) notAny(list []cell) ([]cell, error) {
	out := []cell{whole()}
	for _, x := range list {
		n, err := x.not()
		if err != nil {
			return nil, err
		}
		if out, err = both(out, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// errCells says that a schema falls apart into too many alternatives.
var errCells = errors.New("it falls apart into too many alternatives")

// both returns the values that are in a cell of each list.
func both(a, b []cell) ([]cell, error) {
	var out []cell
	for _, x := range a {
		for _, y := range b {
			z, ok, err := x.and(y)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, z)
			}
			if len(out) > maxCells {
				return nil, errCells
			}
		}
	}
	return out, nil
}

// all returns the cells of a goal.
func (c *compiler) all(g goal) ([]cell, error) {
	out := []cell{whole()}
	for _, l := range g {
		list, err := c.of(l)
		if err != nil {
			return nil, err
		}
		if out, err = both(out, list); err != nil {
			return nil, c.at(l, err)
		}
	}
	return out, nil
}

// at adds the place of a schema to an error that has none.
func (c *compiler) at(l literal, err error) error {
	var r *Refused
	if errors.As(err, &r) {
		return err
	}
	return &Refused{"#" + c.doc.byID[max(l, -l)-1].ptr, err.Error()}
}

// possible reports whether a value may satisfy a goal; false is certain.
func (c *compiler) possible(g goal, depth int) bool {
	list, err := c.all(g)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(list, func(x cell) bool { return c.cellPossible(x, depth) })
}

func (c *compiler) cellPossible(x cell, depth int) bool {
	if x.null || x.bools[0] || x.bools[1] || x.num != nil || x.str != nil {
		return true
	}
	if depth > 4 {
		return !x.empty()
	}
	if o := x.obj; o != nil && !slices.ContainsFunc(o.props, func(p prop) bool {
		return p.required && !c.possible(p.goal, depth+1)
	}) {
		return true
	}
	if a := x.arr; a != nil {
		for i := range min(a.min, 8) {
			if !c.possible(a.at(i), depth+1) {
				return false
			}
		}
		return true
	}
	return false
}

// schema returns the cells of s.
func (c *compiler) schema(s *schema) ([]cell, error) {
	if b, ok := s.value.(bool); ok {
		if b {
			return []cell{whole()}, nil
		}
		return nil, nil
	}
	list := []cell{whole()}
	onlyRef := s.has("$ref") && c.doc.draft != 0 && c.doc.draft <= 7
	steps := []step{{"$ref", c.ref}}
	if !onlyRef {
		steps = keywordSteps(c)
	}
	for _, st := range steps {
		if st.key != "" && !s.has(st.key) {
			continue
		}
		more, err := st.do(s)
		if err == nil {
			var joined []cell
			if joined, err = both(list, more); err == nil {
				list = joined
				continue
			}
		}
		key := st.key
		if key == "" {
			key = "properties"
		}
		if err = c.forgive(s, key, err); err != nil {
			return nil, err
		}
	}
	if onlyRef {
		return list, nil
	}
	return c.unevaluated(s, list)
}

// step makes the cells of one keyword.
type step struct {
	key string
	do  func(*schema) ([]cell, error)
}

func keywordSteps(c *compiler) []step {
	return []step{
		{"", c.own}, {"enum", c.enum}, {"const", c.constant}, {"$ref", c.ref}, {"$dynamicRef", c.dynamic}, {"$recursiveRef", c.dynamic},
		{"allOf", c.allOf}, {"anyOf", c.anyOf}, {"oneOf", c.oneOf}, {"not", c.not}, {"if", c.condition},
		{"dependentRequired", c.dependencies("dependentRequired")}, {"dependentSchemas", c.dependencies("dependentSchemas")},
		{"dependencies", c.dependencies("dependencies")},
	}
}

// forgive returns the error of a keyword, or nil where the caller is lenient: then a
// warning names it.
func (c *compiler) forgive(s *schema, key string, err error) error {
	var r *Refused
	if !errors.As(err, &r) {
		r = &Refused{s.where(key), err.Error()}
	}
	if !c.lenient {
		return r
	}
	c.warn("%s is not enforced", r.Error())
	return nil
}

// schemas returns the schemas of a keyword that is a list of them.
func (c *compiler) schemas(s *schema, key string) ([]literal, error) {
	values, ok := s.get(key).([]any)
	if !ok || len(values) == 0 {
		return nil, refuse(s, key, "must be a list of schemas")
	}
	var out []literal
	for i, v := range values {
		x, err := c.doc.sub(s, v, key, itoa(i))
		if err != nil {
			return nil, err
		}
		out = append(out, literal(x.id))
	}
	return out, nil
}

func (c *compiler) allOf(s *schema) ([]cell, error) {
	list, err := c.schemas(s, "allOf")
	if err != nil {
		return nil, err
	}
	return c.all(list) // in their order, which is that of properties
}

func (c *compiler) anyOf(s *schema) ([]cell, error) {
	list, err := c.schemas(s, "anyOf")
	if err != nil {
		return nil, err
	}
	return c.union(s, "anyOf", list)
}

// union returns the values for which one of list holds. Where unevaluated properties
// matter, it is told apart which of them hold.
func (c *compiler) union(s *schema, key string, list []literal) ([]cell, error) {
	var out []cell
	sets := 1<<min(len(list), 6) - 1
	if c.unevaluatedUsed && len(list) > 6 {
		return nil, refuse(s, key, "more than 6 schemas beside unevaluated items or properties")
	}
	if c.unevaluatedUsed {
		for set := 1; set <= sets; set++ {
			var g goal
			for i, l := range list {
				if set>>i&1 != 0 {
					g = append(g, l)
				}
			}
			x, err := c.all(g)
			if err != nil {
				return nil, err
			}
			out = append(out, x...)
		}
		return out, nil
	}
	for _, l := range list {
		x, err := c.of(l)
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	if len(out) > maxCells {
		return nil, refuse(s, key, "%v", errCells)
	}
	return out, nil
}

// oneOf returns the values for which exactly one schema holds: where two are not known
// to exclude each other, the one must hold and the other not.
func (c *compiler) oneOf(s *schema) ([]cell, error) {
	list, err := c.schemas(s, "oneOf")
	if err != nil {
		return nil, err
	}
	if len(list) > 100 {
		return nil, refuse(s, "oneOf", "more than 100 schemas")
	}
	var out []cell
	for i, l := range list {
		cells, err := c.of(l)
		if err != nil {
			return nil, err
		}
		for j, other := range list {
			if i == j || !c.possible(goal{l, other}, 0) {
				continue
			}
			n, err := c.of(-other)
			if err == nil {
				cells, err = both(cells, n)
			}
			if err == nil {
				continue
			}
			err = refuse(s, "oneOf", "schemas %d and %d may hold at once, and %v", min(i, j)+1, max(i, j)+1, err)
			if !c.lenient {
				return nil, err
			}
			c.warn("%v: as anyOf", err)
			return c.union(s, "oneOf", list)
		}
		out = append(out, cells...)
	}
	return out, nil
}

func (c *compiler) not(s *schema) ([]cell, error) {
	x, err := c.doc.sub(s, s.get("not"), "not")
	if err != nil {
		return nil, err
	}
	return c.of(literal(-x.id))
}

// condition is if, then and else.
func (c *compiler) condition(s *schema) ([]cell, error) {
	x, err := c.doc.sub(s, s.get("if"), "if")
	if err != nil {
		return nil, err
	}
	var out []cell
	for _, branch := range []struct {
		key  string
		when literal
	}{{"then", literal(x.id)}, {"else", literal(-x.id)}} {
		g := goal{branch.when}
		if s.has(branch.key) {
			y, err := c.doc.sub(s, s.get(branch.key), branch.key)
			if err != nil {
				return nil, err
			}
			g = append(g, literal(y.id))
		} else if branch.when < 0 && !c.unevaluatedUsed && !s.has("then") {
			return []cell{whole()}, nil // neither then nor else: it says nothing
		}
		cells, err := c.all(g)
		if err != nil {
			return nil, err
		}
		out = append(out, cells...)
	}
	return out, nil
}

func (c *compiler) ref(s *schema) ([]cell, error) {
	ref, ok := s.get("$ref").(string)
	if !ok {
		return nil, refuse(s, "$ref", "must be a string")
	}
	x, err := c.doc.resolve(s, "$ref", ref)
	if err != nil {
		return nil, err
	}
	return c.of(literal(x.id))
}

func (c *compiler) dynamic(s *schema) ([]cell, error) {
	key := "$dynamicRef"
	if s.has("$recursiveRef") {
		key = "$recursiveRef"
	}
	return nil, refuse(s, key, "references that depend on the way to them are not supported")
}

// dependencies returns the step of a keyword that says what a property brings with it.
func (c *compiler) dependencies(key string) func(*schema) ([]cell, error) {
	return func(s *schema) ([]cell, error) {
		o, ok := s.get(key).(*object)
		if !ok {
			return nil, refuse(s, key, "must be an object")
		}
		out := []cell{whole()}
		for _, name := range o.keys {
			without := whole()
			without.obj.props = []prop{{name: name, goal: goal{nothing}}}
			with := cell{obj: &objects{max: -1}}
			if list, is := o.vals[name].([]any); is {
				for _, v := range list {
					t, ok := v.(string)
					if !ok {
						return nil, refuse(s, key, "must have lists of names")
					}
					if with.obj.find(t) < 0 && t != name {
						with.obj.props = append(with.obj.props, prop{name: t, required: true})
					}
				}
			}
			with.obj.props = append(with.obj.props, prop{name: name, required: true})
			cells := []cell{with}
			if _, is := o.vals[name].([]any); !is {
				x, err := c.doc.sub(s, o.vals[name], key, name)
				if err != nil {
					return nil, err
				}
				y, err := c.of(literal(x.id))
				if err == nil {
					cells, err = both(y, cells)
				}
				if err != nil {
					return nil, err
				}
			}
			var err error
			if out, err = both(out, append(cells, without)); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// unevaluated applies unevaluatedProperties and unevaluatedItems to the cells of all
// other keywords.
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

// pattern compiles a pattern of the schema once.
func (c *compiler) pattern(p string) (*fsa.DFA, error) {
	if d, ok := c.patterns[p]; ok {
		return d, nil
	}
	d, err := compilePattern(p)
	if err == nil {
		c.patterns[p] = d
	}
	return d, err
}
