package jsonschema

// schemas returns the schemas of a keyword whose value is a list of schemas.
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
	return c.all(list) // the order of list decides the order of properties
}

func (c *compiler) anyOf(s *schema) ([]cell, error) {
	list, err := c.schemas(s, "anyOf")
	if err != nil {
		return nil, err
	}
	return c.union(s, "anyOf", list)
}

// union returns cells (sets of values, see shape.go) for the values that satisfy
// at least one literal of list. If the document uses unevaluated properties or
// items, each combination of satisfied literals has its own cells.
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

// oneOf returns cells for the values that satisfy exactly one schema. For schemas that may overlap,
// the cells demand that one schema holds and the others do not.
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
			if i == j {
				continue
			}
			may, never := c.types(goal{l, other})
			if may.empty() {
				continue
			}
			rest, err := c.without(cells, other, may)
			if err == nil {
				apart, _ := both(cells, []cell{never})
				cells = append(rest, apart...)
				continue
			}
			err = refuse(s, "oneOf", "a value may satisfy both schemas %d and %d, and %v", min(i, j)+1, max(i, j)+1, err)
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

// without returns the values of cells that are also in types and do not satisfy l.
func (c *compiler) without(cells []cell, l literal, types cell) ([]cell, error) {
	list, err := c.of(l)
	if err != nil {
		return nil, err
	}
	n, err := notAny(list, types)
	if err != nil {
		return nil, err
	}
	return both(cells, n)
}

func (c *compiler) not(s *schema) ([]cell, error) {
	x, err := c.doc.sub(s, s.get("not"), "not")
	if err != nil {
		return nil, err
	}
	return c.of(literal(-x.id))
}

// condition returns the cells of the keywords if, then and else.
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
			return []cell{whole()}, nil // without then and else, the keyword if demands nothing
		}
		cells, err := c.all(g)
		if err != nil {
			return nil, err
		}
		out = append(out, cells...)
	}
	return out, nil
}
