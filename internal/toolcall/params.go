package toolcall

import (
	"encoding/json"
	"slices"
	"strings"
)

// typesOf returns the types that an argument's schema names, or nil.
func typesOf(schema json.RawMessage) []string {
	var s struct {
		Type  any
		Enum  []any
		Const any
		AnyOf []json.RawMessage
		OneOf []json.RawMessage
	}
	if json.Unmarshal(schema, &s) != nil {
		return nil
	}
	switch t := s.Type.(type) {
	case string:
		return []string{t}
	case []any:
		var list []string
		for _, x := range t {
			if name, ok := x.(string); ok {
				list = append(list, name)
			}
		}
		return list
	}
	values := s.Enum
	if s.Const != nil {
		values = append(values, s.Const)
	}
	var list []string
	for _, v := range values {
		list = append(list, typeOf(v))
	}
	for _, sub := range append(s.AnyOf, s.OneOf...) {
		types := typesOf(sub)
		if types == nil {
			return nil
		}
		list = append(list, types...)
	}
	return list
}

// typeOf returns the JSON type of a value.
func typeOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

// property returns the schema of a tool's argument, or nil.
func (t *Tool) property(name string) json.RawMessage {
	var s struct {
		Properties map[string]json.RawMessage
	}
	if t == nil || json.Unmarshal(t.Parameters, &s) != nil {
		return nil
	}
	return newDocument(t.Parameters).resolve(s.Properties[name])
}

// paramText says whether an argument of the current call is a string, as far as the schema tells.
func (p *Parser) paramText(name string) stringness {
	types := typesOf(p.tools[p.obj.name].property(name))
	switch {
	case types == nil:
		return unknown
	case !slices.Contains(types, "string"):
		return notString
	case !slices.ContainsFunc(types, func(t string) bool { return t != "string" }):
		return stringOnly
	}
	return unknown
}

// paramJSON returns the JSON of an argument whose strings are written without quotes.
func (p *Parser) paramJSON(name string, text []byte, is stringness) string {
	trimmed := strings.TrimSpace(string(text))
	switch trimmed { // constants of Python
	case "True", "False", "None":
		if is != stringOnly && is != unknown {
			trimmed = map[string]string{"True": "true", "False": "false", "None": "null"}[trimmed]
		}
	}
	var v any
	if json.Unmarshal([]byte(trimmed), &v) == nil {
		types := typesOf(p.tools[p.obj.name].property(name))
		t := typeOf(v)
		fits := types == nil || slices.Contains(types, t) || t == "number" && slices.Contains(types, "integer")
		if is == notString || fits && t != "string" {
			return trimmed
		}
	}
	return `"` + escaped(text) + `"`
}
