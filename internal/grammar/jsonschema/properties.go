package jsonschema

import "alpaca/internal/grammar/fsa"

func (c *compiler) object(s *schema, out *cell) error {
	low, err := s.count("minProperties", 0)
	if err != nil {
		return err
	}
	high, err := s.count("maxProperties", -1)
	if err != nil {
		return err
	}
	o := &objects{min: low, max: high}
	g := group{names: map[string]bool{}}
	if s.has("properties") {
		props, ok := s.get("properties").(*object)
		if !ok {
			return refuse(s, "properties", "must be an object")
		}
		for _, name := range props.keys {
			p := prop{name: name, known: true}
			if p.goal, err = c.sub(s, props.vals[name], "properties", name); err != nil {
				return err
			}
			o.props = append(o.props, p)
		}
	}
	if err := c.groupOf(s, &g); err != nil {
		return err
	}
	for i := range o.props {
		p := &o.props[i]
		for _, pattern := range g.patterns {
			if pattern.dfa.Match([]rune(p.name)) {
				p.goal = p.goal.with(pattern.goal)
			}
		}
		g.names[p.name] = true
	}
	if err := c.required(s, o, &g); err != nil {
		return err
	}
	if len(g.patterns) > 0 || len(g.rest) > 0 || g.all {
		o.groups = []group{g}
	}
	if s.has("propertyNames") {
		if err := c.names(s, o); err != nil {
			return err
		}
	}
	if out.obj != nil {
		out.obj = out.obj.and(o)
	}
	return nil
}

// groupOf sets g to the demands of s on properties that s does not declare.
func (c *compiler) groupOf(s *schema, g *group) error {
	if s.has("patternProperties") {
		patterns, ok := s.get("patternProperties").(*object)
		if !ok {
			return refuse(s, "patternProperties", "must be an object")
		}
		for _, p := range patterns.keys {
			d, err := c.pattern(p)
			if err != nil {
				return refuse(s, "patternProperties", "%v", err)
			}
			x, err := c.sub(s, patterns.vals[p], "patternProperties", p)
			if err != nil {
				return err
			}
			g.patterns = append(g.patterns, patternGoal{d, x, s.where("patternProperties")})
		}
	}
	var err error
	if s.has("additionalProperties") {
		g.rest, err = c.sub(s, s.get("additionalProperties"), "additionalProperties")
		g.all = true
	}
	return err
}

func (c *compiler) required(s *schema, o *objects, g *group) error {
	if _, old := s.get("required").(bool); old && c.doc.draft <= 4 {
		return nil // draft-03: the property itself is required
	}
	list, err := s.strings("required")
	if err != nil {
		return err
	}
	for _, name := range list {
		if i := o.find(name); i >= 0 {
			o.props[i].required = true
			continue
		}
		p := prop{name: name, required: true}
		p.goal, p.known = g.of(name)
		o.props = append(o.props, p)
		g.names[name] = true
	}
	return nil
}

// names adds the demands of propertyNames to o.
func (c *compiler) names(s *schema, o *objects) error {
	g, err := c.sub(s, s.get("propertyNames"), "propertyNames")
	if err != nil {
		return err
	}
	list, err := c.all(g)
	if err != nil {
		return err
	}
	d := fsa.None()
	for _, x := range list {
		if x.str == nil {
			continue
		}
		y := everything
		if x.str.dfa != nil {
			y = x.str.dfa
		}
		if y, err = fsa.Product(y, lengths(x.str.min, x.str.max), fsa.And, stringStates); err == nil {
			d, err = fsa.Product(d, y, fsa.Or, stringStates)
		}
		if err != nil {
			return c.forgive(s, "propertyNames", err)
		}
	}
	o.keys = []*fsa.DFA{d}
	for i := range o.props {
		if !d.Match([]rune(o.props[i].name)) {
			o.props[i].goal = goal{nothing}
		}
	}
	return nil
}
