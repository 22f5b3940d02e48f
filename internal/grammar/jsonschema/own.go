package jsonschema

import (
	"errors"
	"math/big"
	"strconv"

	"alpaca/internal/grammar/ecma"
	"alpaca/internal/grammar/fsa"
)

func itoa(i int) string { return strconv.Itoa(i) }

func compilePattern(p string) (*fsa.DFA, error) {
	d, err := ecma.Compile(p, stringStates)
	if err == nil && len(d.States) < 1000 {
		d = d.Minimize()
	}
	return d, err
}

// own returns the cell of the keywords for types, numbers, strings, arrays and objects.
func (c *compiler) own(s *schema) ([]cell, error) {
	out := whole()
	if err := c.typed(s, &out); err != nil {
		return nil, err
	}
	for _, f := range []func(*schema, *cell) error{c.number, c.text, c.array, c.object} {
		if err := f(s, &out); err != nil {
			return nil, err
		}
	}
	out, ok, err := out.and(whole()) // drops empty sets
	if err != nil || !ok {
		return nil, err
	}
	return []cell{out}, nil
}

func (c *compiler) typed(s *schema, out *cell) error {
	if !s.has("type") {
		return nil
	}
	list, ok := s.get("type").([]any)
	if !ok {
		list = []any{s.get("type")}
	}
	old := *out
	*out = cell{}
	integer := false
	for _, t := range list {
		switch t {
		case "null":
			out.null = true
		case "boolean":
			out.bools = old.bools
		case "number":
			out.num = &numbers{}
		case "integer":
			integer = true
		case "string":
			out.str = old.str
		case "array":
			out.arr = old.arr
		case "object":
			out.obj = old.obj
		case "any":
			if c.doc.draft == 4 {
				*out = old
				return nil
			}
			fallthrough
		default:
			return refuse(s, "type", "unknown type %v", t)
		}
	}
	if integer && out.num == nil {
		out.num = &numbers{integer: true}
	}
	if s.get("nullable") == true {
		out.null = true
		c.warn("%s: read as OpenAPI's keyword, which allows null", s.where("nullable"))
	}
	return nil
}

func (c *compiler) number(s *schema, out *cell) error {
	lo, err := s.number("minimum")
	if err != nil {
		return err
	}
	hi, err := s.number("maximum")
	if err != nil {
		return err
	}
	n := &numbers{lo: lo, hi: hi}
	for _, x := range []struct {
		key   string
		limit **big.Rat
		open  *bool
		sign  int
	}{{"exclusiveMinimum", &n.lo, &n.loOpen, 1}, {"exclusiveMaximum", &n.hi, &n.hiOpen, -1}} {
		if b, ok := s.get(x.key).(bool); ok { // draft-04
			*x.open = b && *x.limit != nil
			continue
		}
		v, err := s.number(x.key)
		if err != nil {
			return err
		}
		if v != nil && (*x.limit == nil || v.Cmp(*x.limit)*x.sign >= 0) {
			*x.limit, *x.open = v, true
		}
	}
	key := "multipleOf"
	if s.has("divisibleBy") && c.doc.draft == 4 {
		key = "divisibleBy"
	}
	m, err := s.number(key)
	if err != nil {
		return err
	}
	if m != nil {
		if m.Sign() <= 0 {
			return refuse(s, key, "must be greater than 0")
		}
		if _, err := multiple(m); err != nil && out.num != nil {
			if err = c.forgive(s, key, err); err != nil {
				return err
			}
		} else {
			n.multiples = []*big.Rat{m}
		}
	}
	if out.num != nil {
		out.num = out.num.and(n)
	}
	return nil
}

func (c *compiler) text(s *schema, out *cell) error {
	low, err := s.count("minLength", 0)
	if err != nil {
		return err
	}
	high, err := s.count("maxLength", -1)
	if err != nil {
		return err
	}
	set := &stringSet{min: low, max: high}
	restrict := func(key string, d *fsa.DFA) error {
		and, err := set.and(&stringSet{dfa: d, max: -1})
		if err != nil {
			return c.forgive(s, key, err)
		}
		set = and
		return nil
	}
	if s.has("pattern") {
		p, ok := s.get("pattern").(string)
		if !ok {
			return refuse(s, "pattern", "must be a string")
		}
		if out.str != nil {
			d, err := c.pattern(p)
			if err == nil {
				err = restrict("pattern", d)
			} else {
				err = c.forgive(s, "pattern", err)
			}
			if err != nil {
				return err
			}
		}
	}
	if s.has("format") {
		f, ok := s.get("format").(string)
		if !ok {
			return refuse(s, "format", "must be a string")
		}
		if p := formats[f]; p != "" && out.str != nil {
			d, err := c.pattern(p)
			if err != nil {
				return err
			}
			if err := restrict("format", d); err != nil {
				return err
			}
		} else if notFormats[f] && out.str != nil {
			if err := c.forgive(s, "format", errors.New("the format "+f+" cannot be enforced")); err != nil {
				return err
			}
		} else if p == "" {
			c.warn("%s: the format %q is an annotation, not enforced", s.where("format"), f)
		}
	}
	if out.str != nil {
		out.str, err = out.str.and(set)
	}
	return err
}

// goal returns the goal of a schema: the empty goal if the schema is true or {}.
func (c *compiler) goal(s *schema) goal {
	if s.value == true {
		return nil
	}
	if s.value == false {
		return goal{nothing}
	}
	if o, ok := s.value.(*object); ok && len(o.keys) == 0 {
		return nil
	}
	return goal{literal(s.id)}
}

// sub returns the goal of v, the schema at path below s.
func (c *compiler) sub(s *schema, v any, path ...string) (goal, error) {
	x, err := c.doc.sub(s, v, path...)
	if err != nil {
		return nil, err
	}
	return c.goal(x), nil
}
