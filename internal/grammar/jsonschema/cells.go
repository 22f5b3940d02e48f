package jsonschema

import (
	"cmp"
	"errors"
	"slices"

	"alpaca/internal/grammar/fsa"
)

// maxCells bounds the number of alternatives of a schema.
const maxCells = 400

// of returns cells (sets of values, see shape.go) whose union is the values for which l holds.
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
			list, err = notAny(list, whole())
		}
	}
	if err != nil {
		return nil, err
	}
	s.cells[l > 0] = list
	return list, nil
}

// notAny returns cells whose union is the values in types that are in no cell of list.
func notAny(list []cell, types cell) ([]cell, error) {
	out := []cell{types}
	for _, x := range list {
		x, ok, err := x.and(types)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
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

// errCells says that a schema has too many alternatives.
var errCells = errors.New("the schema has too many alternatives")

// both returns cells whose union is the values that are in a cell of a and in a cell of b.
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

// all returns cells whose union is the values that satisfy a goal.
func (c *compiler) all(g goal) ([]cell, error) {
	out := []cell{whole()}
	for _, l := range g {
		list, err := c.of(l)
		if err == nil {
			out, err = both(out, list)
		}
		if err != nil {
			return nil, c.at(l, err)
		}
	}
	return out, nil
}

// at adds the pointer of l's schema to an error that has no pointer.
func (c *compiler) at(l literal, err error) error {
	var r *Refused
	if errors.As(err, &r) {
		return err
	}
	return &Refused{"#" + c.doc.byID[max(l, -l)-1].ptr, err.Error()}
}

// possible reports whether a value may satisfy a goal. A result of false is certain, a result of true
// is not.
func (c *compiler) possible(g goal, depth int) bool {
	list, err := c.all(g)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(list, func(x cell) bool { return c.cellPossible(x, depth) })
}

// types divides all values by their type into two cells. The first cell holds the values of the
// types that can satisfy g, as far as is known. The second cell holds the values of the other
// types.
func (c *compiler) types(g goal) (may, never cell) {
	all := whole()
	list, err := c.all(g)
	if err != nil {
		return all, cell{}
	}
	parts := func(x cell) [7]cell {
		return [7]cell{{null: x.null}, {bools: [2]bool{x.bools[0]}}, {bools: [2]bool{false, x.bools[1]}}, {num: x.num}, {str: x.str}, {arr: x.arr}, {obj: x.obj}}
	}
	var has [7]bool
	for _, x := range list {
		for i, p := range parts(x) {
			has[i] = has[i] || !p.empty() && c.cellPossible(p, 0)
		}
	}
	out := [2]*cell{&may, &never}
	for i, p := range parts(all) {
		x := out[1]
		if has[i] {
			x = out[0]
		}
		x.null = x.null || p.null
		x.bools = [2]bool{x.bools[0] || p.bools[0], x.bools[1] || p.bools[1]}
		x.num, x.str = cmp.Or(x.num, p.num), cmp.Or(x.str, p.str)
		x.arr, x.obj = cmp.Or(x.arr, p.arr), cmp.Or(x.obj, p.obj)
	}
	return may, never
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

// step computes the cells of one keyword.
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

// forgive returns the error of a keyword. In lenient mode, it adds a warning and returns nil.
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

// pattern compiles a pattern, and caches the automaton.
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
