package jsonschema

import (
	"slices"
	"strings"
)

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

// dynamic resolves a $dynamicRef. Such a reference refers to the outermost
// schema on the evaluation path that has the named dynamic anchor. dynamic
// supports only references for which the path does not matter. For these, one
// schema has the anchor, or the target of the reference has no dynamic anchor.
func (c *compiler) dynamic(s *schema) ([]cell, error) {
	key, name := "$dynamicRef", ""
	if s.has("$recursiveRef") {
		key = "$recursiveRef"
	}
	ref, ok := s.get(key).(string)
	if !ok {
		return nil, refuse(s, key, "must be a string")
	}
	x, err := c.doc.resolve(s, key, ref)
	if err != nil {
		return nil, err
	}
	if key == "$dynamicRef" {
		if _, name, _ = strings.Cut(ref, "#"); name == "" || strings.HasPrefix(name, "/") {
			return c.of(literal(x.id))
		}
	}
	if places := c.doc.dynamic[name]; len(places) > 1 && slices.Contains(places, x.ptr) {
		return nil, refuse(s, key, "%d places have the anchor %q: references that depend on the evaluation path are not supported", len(places), name)
	}
	return c.of(literal(x.id))
}

// dependencies returns a function that computes the cells (see shape.go) of the keyword
// key. The keyword makes demands on an object if the object has a certain property.
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
