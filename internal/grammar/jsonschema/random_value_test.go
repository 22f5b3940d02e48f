package jsonschema

import (
	"strings"
)

// value makes a value that may satisfy a schema.
func (r *rnd) value(schema any, depth int) any {
	s, ok := schema.(dict)
	if !ok || r.chance(12) || depth > 6 {
		return pick[any](r, r.scalar(), []any{}, dict{}, dict{"a": 1, "z": "b"}, []any{"a", 1})
	}
	if ref, ok := s["$ref"].(string); ok {
		return r.value(r.defs[strings.TrimPrefix(ref, "#/$defs/")], depth+1)
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if list, ok := s[key].([]any); ok && (s["type"] == nil || r.chance(3)) {
			return r.value(pick(r, list...), depth+1)
		}
	}
	if list, ok := s["enum"].([]any); ok {
		return pick(r, list...)
	}
	if v, ok := s["const"]; ok {
		return v
	}
	t := s["type"]
	if list, ok := t.([]any); ok {
		t = pick(r, list...)
	}
	switch t {
	case "string":
		return pick[any](r, "a", "b", "abc", "", "x-1", "a b", "Abc", "192.0.2", "12", "é", "a@b", "2024-02-29", "12:00:00Z", "10.0.0.1", "🦙", "\"\\\n",
			"123e4567-e89b-12d3-a456-426614174000", "2024-01-02T03:04:05Z", strings.Repeat("ab", r.IntN(7)))
	case "integer":
		return pick[any](r, 0, 1, -1, 2, 3, 7, 10, 35, 100, 65535, 65536, -100)
	case "number":
		return pick[any](r, 0, 1, -1.5, 0.5, 0.25, 2.75, 3, 1.25, 100, 12.3, 0.1, 1000000)
	case "boolean":
		return r.chance(2)
	case "null":
		return nil
	case "array":
		out := []any{}
		prefix, _ := s["prefixItems"].([]any)
		for i := range r.IntN(5) {
			item, has := s["items"]
			if i < len(prefix) {
				item, has = prefix[i], true
			}
			if c, ok := s["contains"]; ok && r.chance(2) {
				item, has = c, true
			}
			if !has {
				item = true
			}
			out = append(out, r.value(item, depth+1))
		}
		return out
	}
	out := dict{}
	var fill func(s dict)
	fill = func(s dict) {
		props, _ := s["properties"].(dict)
		for k, v := range props {
			if r.IntN(3) > 0 {
				out[k] = r.value(v, depth+1)
			}
		}
		if list, ok := s["required"].([]any); ok {
			for _, k := range list {
				if _, has := out[k.(string)]; !has && !r.chance(8) {
					v, ok := props[k.(string)]
					if !ok {
						if v, ok = s["additionalProperties"]; !ok {
							v = true
						}
					}
					out[k.(string)] = r.value(v, depth+1)
				}
			}
		}
		for _, key := range []string{"allOf", "anyOf", "oneOf"} {
			if list, ok := s[key].([]any); ok {
				for _, x := range list {
					if x, ok := x.(dict); ok && (key == "allOf" || r.chance(2)) {
						fill(x)
					}
				}
			}
		}
		if p, ok := s["patternProperties"].(dict); ok && r.chance(2) {
			for _, v := range p {
				out[pick(r, "x-1", "a", "a1", "z")] = r.value(v, depth+1)
			}
		}
		if a, ok := s["additionalProperties"]; ok && a != false && r.chance(2) {
			out[pick(r, "z", "extra", "n1")] = r.value(a, depth+1)
		}
	}
	fill(s)
	if r.chance(8) {
		out[pick(r, "z", "a", "extra", "x-1")] = r.scalar()
	}
	return out
}

// shuffled returns a value as JSON with the keys in any order.
func (r *rnd) shuffled(v any) string {
	var list []string
	switch v := v.(type) {
	case *object:
		for _, i := range r.Perm(len(v.keys)) {
			list = append(list, quoted(v.keys[i])+": "+r.shuffled(v.vals[v.keys[i]]))
		}
		return "{" + strings.Join(list, ", ") + "}"
	case []any:
		for _, x := range v {
			list = append(list, r.shuffled(x))
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	return (&orderer{}).write(v, nil)
}
