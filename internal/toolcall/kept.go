package toolcall

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/grammar/jsonschema"
)

// reach says how much of a tool's schema a form without JSON can enforce. For each keyword beyond
// this reach, the client gets a warning, or an error if the tool is strict.
type reach int

const (
	reachNames reach = iota // names of arguments; the values are JSON, or nearly so
	reachTexts              // names, and values that are strings; other values are JSON
	reachAll                // names, strings, types, properties and items, at any depth
)

// constraints are the keywords that restrict values. Other keywords are annotations, or the
// schema's compiler warns about them. Every form enforces namesKnown in the schema of the
// arguments. A form with reachAll also enforces numbersKnown.
var (
	namesKnown   = []string{"type", "properties", "required", "additionalProperties"}
	numbersKnown = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
	constraints  = slices.Concat(namesKnown, numbersKnown, []string{
		"enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "dependencies",
		"minProperties", "maxProperties", "patternProperties", "propertyNames", "unevaluatedProperties",
		"items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems",
		"minLength", "maxLength", "pattern", "format",
	})
)

// tellBeyond warns about the keywords of a tool's schema that are beyond
// a form's reach. If the tool is strict, tellBeyond refuses it instead.
func (b *builder) tellBeyond(x beyond, schema json.RawMessage) {
	b.tellObject(x, "#", schema, namesKnown)
}

// beyond is the state of tellBeyond.
type beyond struct {
	t     *Tool
	doc   *document
	reach reach
	end   string          // the end mark of a string
	mixed bool            // a value may be a string or another type
	seen  map[string]bool // schemas already checked, because schemas may refer to themselves
}

func (b *builder) tellObject(x beyond, at string, schema json.RawMessage, known []string) {
	b.tellKeywords(x, at, schema, known)
	if x.reach == reachNames {
		return
	}
	list, _ := properties(schema)
	for _, p := range list {
		b.tellValue(x, at+"/properties/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(p.name), p.schema)
	}
}

func (b *builder) tellValue(x beyond, at string, schema json.RawMessage) {
	own := schema
	schema = x.doc.resolve(schema)
	types := typesOf(schema)
	if x.seen[string(schema)] || x.reach == reachTexts && types != nil && !slices.Contains(types, "string") {
		return // already checked, or enforced because the value is JSON
	}
	x.seen[string(schema)] = true
	if onlyStrings(types) && b.text(x.t, x.doc, own, x.end) != nil {
		return // the form enforces the whole schema
	}
	known := []string{"type"}
	if texts(schema) != nil {
		known = append(known, "enum", "const")
	}
	if x.reach == reachAll && types != nil {
		known = append(known, numbersKnown...)
		if slices.Contains(types, "array") {
			known = append(known, "items")
			if items := itemsOf(schema); items != nil {
				b.tellValue(x, at+"/items", items)
			}
		}
		if slices.Contains(types, "object") {
			b.tellObject(x, at, schema, append(known, namesKnown...))
			return
		}
	}
	if types == nil || slices.Contains(types, "string") && !onlyStrings(types) {
		// If a value may be a string or another type, the form cannot enforce anything about the
		// string. Even a strict tool is not refused for that, because OpenAI's clients declare
		// optional arguments in this way.
		x.mixed = true
	}
	b.tellKeywords(x, at, schema, known)
}

// onlyStrings reports whether types names strings and no other type.
func onlyStrings(types []string) bool {
	return types != nil && !slices.ContainsFunc(types, func(t string) bool { return t != "string" })
}

// isFree reports whether a schema demands nothing of its values except their type.
func isFree(schema json.RawMessage) bool {
	return !slices.ContainsFunc(members(schema), func(k property) bool {
		return k.name != "type" && slices.Contains(constraints, k.name)
	})
}

// tellKeywords warns about the keywords of a schema that are not in known. If the tool is strict, it
// refuses the tool instead. Keywords for which asksNothing returns true are left out.
func (b *builder) tellKeywords(x beyond, at string, schema json.RawMessage, known []string) {
	for _, k := range members(schema) {
		if !slices.Contains(constraints, k.name) || slices.Contains(known, k.name) && !x.others(k, schema) || asksNothing(k, schema) {
			continue
		}
		pointer := at + "/" + k.name
		if x.t.Strict && !x.mixed {
			b.fail(x.t, &jsonschema.Refused{Pointer: pointer, Msg: "cannot be enforced in the form in which this model writes calls"})
			return
		}
		if !slices.ContainsFunc(b.warnings, func(w string) bool { return strings.HasPrefix(w, warning(x.t, pointer+": ")) }) {
			b.warnOf(x.t, pointer+": not enforced in the form in which this model writes calls")
		}
	}
}

// asksNothing reports whether keyword k needs no warning: its value has no effect, the rest of the
// schema implies it, or the schema's compiler warns about it.
func asksNothing(k property, schema json.RawMessage) bool {
	var n float64
	switch k.name {
	case "minProperties":
		list, _ := properties(schema)
		required := slices.DeleteFunc(list, func(p property) bool { return !p.required })
		return json.Unmarshal(k.schema, &n) == nil && n <= float64(len(required))
	case "maxProperties":
		list, open := properties(schema)
		return !open && json.Unmarshal(k.schema, &n) == nil && n >= float64(len(list))
	case "minLength", "minItems":
		return json.Unmarshal(k.schema, &n) == nil && n <= 0
	case "format":
		var name string
		return json.Unmarshal(k.schema, &name) != nil || !jsonschema.EnforcesFormat(name) // the compiler warns about other formats
	case "uniqueItems":
		return string(k.schema) == "false"
	case "anyOf", "oneOf":
		var list []json.RawMessage
		return json.Unmarshal(k.schema, &list) == nil && !slices.ContainsFunc(list, func(s json.RawMessage) bool {
			return typesOf(s) == nil || !isFree(s)
		})
	}
	return false
}

// others reports whether k is an additionalProperties whose schema the form does not enforce. The
// form then allows arguments of any other name, with any value.
func (x beyond) others(k property, schema json.RawMessage) bool {
	if k.name != "additionalProperties" || string(k.schema) == "true" || string(k.schema) == "false" {
		return false
	}
	list, _ := properties(schema)
	return x.reach == reachTexts || x.reach == reachAll && len(list) == 0
}

// warnOf adds a warning about a tool.
func (b *builder) warnOf(t *Tool, text string) { b.warnings = append(b.warnings, warning(t, text)) }

func warning(t *Tool, text string) string { return fmt.Sprintf("the tool %q: %s", t.Name, text) }
