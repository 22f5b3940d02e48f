package jsonschema

import (
	"math/rand/v2"
)

// rnd makes realistic random schemas, and values that satisfy these schemas or nearly do.
type rnd struct {
	*rand.Rand
	defs map[string]any
	plan map[string]any // not used
}

type dict = map[string]any

func pick[T any](r *rnd, list ...T) T { return list[r.IntN(len(list))] }

func (r *rnd) chance(n int) bool { return r.IntN(n) == 0 }

func (r *rnd) scalar() any {
	return pick[any](r, "a", "b", "abc", "", "x-1", "é", "2024-01-02", 0, 1, 2, -3, 10, 1.5, 0.25, true, false, nil)
}

func (r *rnd) str() dict {
	s := dict{"type": "string"}
	if r.chance(2) {
		s["minLength"] = r.IntN(3)
	}
	if r.chance(2) {
		s["maxLength"] = 2 + r.IntN(9)
	}
	if r.chance(3) {
		s["pattern"] = pick(r, "^[a-z]+$", "[0-9]", "^x-", "^$|^[A-Z][a-z]*$", `^\d{1,3}(\.\d{1,3}){2}$`, "^[^/]+$", `^\S+@\S+$`, "a|b", `^[\w.-]+$`, "b$", "^.{2,4}$", `\w\s\w`, "^(?:a|bc)*$")
	}
	if r.chance(8) {
		s["format"] = pick(r, "date", "uuid", "ipv4", "date-time", "time", "colour")
	}
	return s
}

func (r *rnd) num() dict {
	s := dict{"type": pick(r, "number", "integer")}
	if r.chance(2) {
		s[pick(r, "minimum", "exclusiveMinimum")] = pick[any](r, 0, 1, -5, 0.5, 1.25, -100)
	}
	if r.chance(2) {
		s[pick(r, "maximum", "exclusiveMaximum")] = pick[any](r, 10, 100, 65535, 2.75, 3, 1e6)
	}
	if r.chance(4) {
		s["multipleOf"] = pick[any](r, 2, 5, 0.5, 0.25, 0.1, 7)
	}
	return s
}

func (r *rnd) arr(depth int) dict {
	s := dict{"type": "array"}
	if !r.chance(5) {
		s["items"] = r.schema(depth - 1)
	}
	if r.chance(5) {
		s["prefixItems"] = []any{r.schema(depth - 1), r.schema(0)}
		if r.chance(3) {
			s["items"] = false
		}
	}
	if r.chance(3) {
		s["minItems"] = r.IntN(3)
	}
	if r.chance(3) {
		s["maxItems"] = 1 + r.IntN(4)
	}
	switch r.IntN(10) {
	case 0:
		s["contains"] = r.schema(0)
		if r.chance(3) {
			s["minContains"] = r.IntN(3)
		}
		if r.chance(3) {
			s["maxContains"] = 1 + r.IntN(3)
		}
	case 1:
		s["uniqueItems"] = true
		delete(s, "prefixItems")
		s["items"] = dict{"enum": []any{"a", "b", "abc", 1, 2, nil}[r.IntN(3):]}
	}
	return s
}

var names = []string{"name", "id", "a", "b", "x-1", "type", "é", "value"}

func (r *rnd) obj(depth int) dict {
	s := dict{}
	if !r.chance(6) {
		s["type"] = "object"
	}
	props := dict{}
	for range r.IntN(5) {
		props[pick(r, names...)] = r.schema(depth - 1)
	}
	if len(props) > 0 || r.chance(2) {
		s["properties"] = props
	}
	some := func(n int) []any {
		out := []any{}
		for _, i := range r.Perm(len(names))[:n] {
			out = append(out, names[i])
		}
		return out
	}
	if r.chance(2) {
		s["required"] = some(r.IntN(3))
	}
	switch r.IntN(4) {
	case 0:
		s["additionalProperties"] = false
	case 1:
		s["additionalProperties"] = r.schema(depth - 1)
	}
	if r.chance(5) {
		s["patternProperties"] = dict{pick(r, "^x-", "^[a-z]$", "a", "^.*$", `\d`): r.schema(depth - 1)}
	}
	if r.chance(12) {
		s["propertyNames"] = pick[any](r, dict{"pattern": "^[a-z]"}, dict{"maxLength": 3}, dict{"enum": some(4)})
	}
	if r.chance(8) {
		s["minProperties"] = r.IntN(3)
	}
	if r.chance(8) {
		s["maxProperties"] = 1 + r.IntN(4)
	}
	switch r.IntN(14) {
	case 0:
		s["dependentRequired"] = dict{pick(r, names...): some(1)}
	case 1:
		s["dependentSchemas"] = dict{pick(r, names...): r.obj(0)}
	case 2:
		s["if"] = dict{"properties": dict{pick(r, names...): dict{"const": r.scalar()}}}
		if r.chance(2) {
			s["if"].(dict)["required"] = some(1)
		}
		s["then"] = dict{"required": some(1)}
		if r.chance(2) {
			s["else"] = r.obj(0)
		}
	case 3:
		s["allOf"] = []any{r.obj(0), r.obj(0)}
		if r.chance(2) {
			delete(s, "additionalProperties")
			s["unevaluatedProperties"] = false
		}
	case 4:
		s["anyOf"] = []any{dict{"required": some(1)}, dict{"required": some(1)}}
	case 5:
		s["not"] = dict{"required": some(1)}
	case 6:
		s["oneOf"] = []any{dict{"required": some(1)}, dict{"required": some(1)}}
	case 7:
		s["oneOf"] = []any{dict{"properties": dict{"type": dict{"const": "a"}, "value": r.schema(0), "x-1": true}, "required": []any{"type"}},
			dict{"properties": dict{"type": dict{"const": "b"}, "value": true, "x-1": r.schema(0)}, "required": []any{"type"}}}
	}
	return s
}

// schema makes a random schema of at most the given depth.
func (r *rnd) schema(depth int) any {
	n := 16
	if depth <= 0 {
		n = 8
	}
	switch r.IntN(n) {
	case 0, 1:
		return r.str()
	case 2, 3:
		return r.num()
	case 4:
		list := []any{}
		for range 1 + r.IntN(4) {
			list = append(list, r.scalar())
		}
		return dict{"enum": list}
	case 5:
		return dict{"type": []any{pick(r, "string", "number"), pick(r, "null", "boolean")}}
	case 6:
		return pick[any](r, true, dict{}, dict{"type": "boolean"}, dict{"const": r.scalar()}, dict{"type": "null"}, dict{"description": "any"})
	case 7:
		return dict{"$ref": "#/$defs/" + pick(r, "d0", "d1", "d2")}
	case 8, 9:
		return r.arr(depth)
	case 10:
		return dict{pick(r, "anyOf", "oneOf"): []any{r.schema(depth - 1), r.schema(depth - 1)}}
	case 11:
		return dict{"allOf": []any{r.schema(depth - 1), r.schema(0)}}
	}
	return r.obj(depth)
}
