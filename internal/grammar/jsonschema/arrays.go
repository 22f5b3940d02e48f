package jsonschema

import "slices"

func (c *compiler) array(s *schema, out *cell) error {
	low, err := s.count("minItems", 0)
	if err != nil {
		return err
	}
	high, err := s.count("maxItems", -1)
	if err != nil {
		return err
	}
	a := &array{min: low, max: high}
	prefix, rest := "prefixItems", "items"
	if _, is := s.get("items").([]any); is {
		if c.doc.draft == 2020 {
			return refuse(s, "items", "a list of schemas is called prefixItems in this draft")
		}
		prefix, rest = "items", "additionalItems"
	}
	if s.has(prefix) {
		list, ok := s.get(prefix).([]any)
		if !ok {
			return refuse(s, prefix, "must be a list of schemas")
		}
		for i, v := range list {
			g, err := c.sub(s, v, prefix, itoa(i))
			if err != nil {
				return err
			}
			a.prefix = append(a.prefix, g)
		}
		a.known = len(a.prefix)
	}
	if s.has(rest) {
		if a.rest, err = c.sub(s, s.get(rest), rest); err != nil {
			return err
		}
		a.all = true
	}
	if err := c.contains(s, a); err != nil {
		return err
	}
	switch unique := s.get("uniqueItems"); {
	case unique == true:
		a.unique = s
	case unique != nil && unique != false:
		return refuse(s, "uniqueItems", "must be true or false")
	}
	// If no value satisfies the goal of an item (its schemas,
	// see shape.go), the array must end before this item.
	for i := range len(a.prefix) + 1 {
		if slices.Contains(a.at(i), nothing) {
			a.max = minLimit(a.max, i)
			break
		}
	}
	if out.arr != nil {
		out.arr = out.arr.and(a)
	}
	return nil
}

func (c *compiler) contains(s *schema, a *array) error {
	if !s.has("contains") {
		return nil
	}
	g, err := c.sub(s, s.get("contains"), "contains")
	if err != nil {
		return err
	}
	low, err := s.count("minContains", 1)
	if err != nil {
		return err
	}
	high, err := s.count("maxContains", -1)
	if err != nil {
		return err
	}
	if low > 0 || high >= 0 || c.unevaluatedUsed {
		a.contains = []contains{{goal: g, min: low, max: high, from: s}}
	}
	return nil
}
