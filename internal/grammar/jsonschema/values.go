package jsonschema

import "encoding/json"

func (c *compiler) enum(s *schema) ([]cell, error) {
	list, ok := s.get("enum").([]any)
	if !ok {
		return nil, refuse(s, "enum", "must be a list")
	}
	return c.values(s, list, "enum")
}

func (c *compiler) constant(s *schema) ([]cell, error) {
	return c.values(s, []any{s.get("const")}, "const")
}

// values returns cells (see shape.go) for the values in list:
// one cell for all scalars, and one for each array or object.
func (c *compiler) values(s *schema, list []any, key string) ([]cell, error) {
	var plain cell
	var out []cell
	var texts []string
	for i, v := range list {
		switch v := v.(type) {
		case nil:
			plain.null = true
		case bool:
			plain.bools[map[bool]int{true: 1}[v]] = true
		case string:
			texts = append(texts, v)
		case json.Number:
			r, err := decimal(v)
			if err != nil {
				return nil, refuse(s, key, "%v", err)
			}
			if plain.num == nil {
				plain.num = &numbers{}
			}
			plain.num.points = append(plain.num.points, point{r, string(v)})
		case []any:
			a := &array{min: len(v), max: len(v)}
			for j, x := range v {
				a.prefix = append(a.prefix, c.exactly(s, x, key, itoa(i), itoa(j)))
			}
			out = append(out, cell{arr: a})
		case *object:
			o := &objects{min: len(v.keys), max: len(v.keys)}
			g := group{names: map[string]bool{}, rest: goal{nothing}, all: true}
			for _, k := range v.keys {
				o.props = append(o.props, prop{name: k, required: true, goal: c.exactly(s, v.vals[k], key, itoa(i), k)})
				g.names[k] = true
			}
			o.groups = []group{g}
			out = append(out, cell{obj: o})
		}
	}
	if texts != nil {
		d, err := oneOf(texts)
		if err != nil {
			return nil, refuse(s, key, "the listed texts are too long: their automaton would have more than %d states", listStates)
		}
		plain.str = &stringSet{dfa: d, max: -1, listed: true}
	}
	if !plain.empty() {
		out = append(out, plain)
	}
	if len(out) > maxCells {
		return nil, refuse(s, key, "more than %d arrays and objects", maxCells)
	}
	return out, nil
}

// exactly returns the goal that only the value v satisfies. The schema made for v gets a JSON
// Pointer that no schema of the document has, so it is never confused with one of these.
func (c *compiler) exactly(s *schema, v any, path ...string) goal {
	x, _ := c.doc.sub(s, &object{keys: []string{"const"}, vals: map[string]any{"const": v}}, append(path, "\x00")...)
	return goal{literal(x.id)}
}
