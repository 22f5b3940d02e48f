package jsonschema

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPeers checks valid input for which other programs gave wrong results. Case 40 is tested in
// internal/engine.
func TestPeers(t *testing.T) {
	wide := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	nulls := func(n int) string { return "[" + strings.Repeat("null,", n-1) + "null]" }
	const address = `{"$defs": {"Node": {"title": "Node", "type": "object", "properties": {"value": {"title": "Value", "type": "integer"},
		"children": {"title": "Children", "type": "array", "items": {"$ref": "#/$defs/Node"}}}, "required": ["value", "children"], "additionalProperties": false}},
		"title": "Tree", "type": "object", "properties": {
		"root": {"$ref": "#/$defs/Node"},
		"when": {"format": "date-time", "title": "When", "type": "string"},
		"id": {"format": "uuid", "title": "Id", "type": "string"},
		"code": {"pattern": "[A-Z]{2}", "title": "Code", "type": "string"},
		"at": {"maxItems": 2, "minItems": 2, "prefixItems": [{"type": "number"}, {"type": "number"}], "title": "At", "type": "array"},
		"tags": {"items": {"enum": ["a", "b"], "type": "string"}, "title": "Tags", "type": "array", "uniqueItems": true},
		"extra": {"title": "Extra"}},
		"required": ["root", "when", "id", "code", "at", "tags", "extra"], "additionalProperties": false}`
	tests := []struct {
		line    string
		schema  string
		yes, no []string
		refused string // the error, where the schema must be refused
	}{
		{line: "26: schemas of parse helpers", schema: address,
			yes: []string{`{"root": {"value": 1, "children": [{"value": 2, "children": []}]}, "when": "2026-11-30T12:00:00Z", "id": "123e4567-e89b-12d3-a456-426614174000", "code": "xABx", "at": [1, 2.5], "tags": ["b", "a"], "extra": {"any": [null]}}`},
			no: []string{`{"root": {"value": 1, "children": [{"value": 2}]}, "when": "2026-11-30T12:00:00Z"`,
				`{"root": {"value": 1, "children": []}, "when": "2026-11-30T12:00:00Z", "id": "123e4567-e89b-12d3-a456-426614174000", "code": "xAx"`,
				`{"root": {"value": 1, "children": []}, "when": "2026-11-30T12:00:00Z", "id": "123e4567-e89b-12d3-a456-426614174000", "code": "AB", "at": [1]`}},
		{line: "26: a title alone", schema: `{"title": "Anything"}`, yes: []string{"1", `{"a": []}`}, no: []string{"x"}},
		{line: "27: maxLength beyond 2000", schema: `{"type": "string", "maxLength": 2500}`, yes: []string{wide(2500)}, no: []string{wide(2501)}},
		{line: "27: maxItems beyond 2000", schema: `{"type": "array", "items": {"type": "null"}, "maxItems": 2500}`, yes: []string{nulls(2500)}, no: []string{nulls(2501)}},
		{line: "28: a maximum near 2^64", schema: `{"type": "integer", "minimum": 0, "maximum": 18446744073709551614}`,
			yes: []string{"18446744073709551614", "9999999999999999999", "0"}, no: []string{"18446744073709551615", "18446744073709551616", "-1", "00"}},
		{line: "28: integers of more than 16 digits", schema: `{"type": "integer"}`, yes: []string{"12345678901234567890", "-12345678901234567890"}, no: []string{"012"}},
		{line: "28: a negative maximum", schema: `{"type": "integer", "maximum": -10}`, yes: []string{"-10", "-11", "-100"}, no: []string{"-9", "-010", "-00", "10"}},
		{line: "29: allOf of scalars", schema: `{"allOf": [{"type": "string"}, {"minLength": 2}]}`, yes: []string{`"ab"`}, no: []string{`"a"`, "{}", "{"}},
		{line: "29: allOf of a reference to a scalar", schema: `{"$defs": {"s": {"type": "integer"}}, "allOf": [{"$ref": "#/$defs/s"}]}`, yes: []string{"5"}, no: []string{"{}"}},
		{line: "30: a quote in a pattern", schema: `{"type": "string", "pattern": "^\"[^\"]*\"$"}`, yes: []string{`"\"a\""`, `"\u0022a\""`}, no: []string{`""a""`, `"a"`}},
		{line: "30: control characters in a class", schema: `{"type": "string", "pattern": "^[^a]{2}$"}`, yes: []string{`"\n\t"`, `"\u0000b"`, `"\\\""`}, no: []string{"\"\n\t\"", "\"\x00b\"", `"\"`}},
		{line: "31: an unanchored pattern", schema: `{"type": "string", "pattern": "b"}`, yes: []string{`"abc"`, `"b"`}, no: []string{`"ac"`, `""`}},
		{line: "31: digits", schema: `{"type": "string", "pattern": "^\\d{2}\\D$"}`, yes: []string{`"12x"`}, no: []string{`"1x"`, `"123"`}},
		{line: "31: a look-ahead", schema: `{"type": "string", "pattern": "^(?=a)b"}`, refused: "#/pattern"},
		{line: "31: a back-reference", schema: `{"type": "string", "pattern": "(a)\\1"}`, refused: "#/pattern"},
		{line: "32: minimum of numbers", schema: `{"type": "number", "minimum": 0.5}`, yes: []string{"0.5", "0.75", "1"}, no: []string{"0.49", "-1", "4e-1"}},
		{line: "32: multipleOf", schema: `{"type": "number", "multipleOf": 0.01}`, yes: []string{"19.99", "-3"}, no: []string{"19.999"}},
		{line: "32: not", schema: `{"type": ["integer", "string"], "not": {"type": "integer"}}`, yes: []string{`"a"`}, no: []string{"1"}},
		{line: "32: if", schema: `{"type": "object", "properties": {"kind": {"enum": ["a", "b"]}, "n": {"type": "integer"}}, "required": ["kind", "n"],
			"if": {"properties": {"kind": {"const": "a"}}}, "then": {"properties": {"n": {"maximum": 9}}}}`,
			yes: []string{`{"kind": "a", "n": 9}`, `{"kind": "b", "n": 10}`}, no: []string{`{"kind": "a", "n": 10}`}},
		{line: "32: uniqueItems", schema: `{"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": true}`, yes: []string{"[2,1]"}, no: []string{"[1,1]", "[1, 1.0]"}},
		{line: "32: uniqueItems without maxItems", schema: `{"properties": {"a": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}}}`, refused: "#/properties/a/uniqueItems"},
		{line: "32: contains", schema: `{"type": "array", "contains": {"const": 3}}`, yes: []string{"[1,3]"}, no: []string{"[1]", "[]"}},
		{line: "32: propertyNames", schema: `{"type": "object", "propertyNames": {"maxLength": 2}}`, yes: []string{`{"ab": 1}`}, no: []string{`{"abc": 1}`}},
		{line: "32: dependentRequired", schema: `{"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"b": ["a"]}}`, yes: []string{`{"a": 1}`, `{"a": 1, "b": 1}`}, no: []string{`{"b": 1}`}},
		{line: "33: prefixItems beside items", schema: `{"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": {"const": 3}}`, yes: []string{"[1,2]", "[1,2,3,3]"}, no: []string{"[3]", "[1,3]"}},
		{line: "33: siblings of $ref", schema: `{"$ref": "#/$defs/s", "maxLength": 2, "$defs": {"s": {"type": "string"}}}`, yes: []string{`"ab"`}, no: []string{`"abc"`}},
		{line: "33: siblings of anyOf", schema: `{"anyOf": [{"type": "string"}, {"type": "integer"}], "maximum": 3, "maxLength": 1}`, yes: []string{`"a"`, "3"}, no: []string{`"ab"`, "4"}},
		{line: "33: siblings of oneOf", schema: `{"oneOf": [{"type": "string"}, {"type": "null"}], "maxLength": 1}`, yes: []string{`"a"`, "null"}, no: []string{`"ab"`}},
		{line: "33: oneOf is not anyOf", schema: `{"type": "integer", "oneOf": [{"minimum": 2}, {"maximum": 4}]}`, yes: []string{"1", "5"}, no: []string{"3", "2", "4"}},
		{line: "34: a reference to the root", schema: `{"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false}`, yes: []string{`{"next": {"next": {}}}`}, no: []string{`{"next": {"x": 1}}`}},
		{line: "34: escapes in pointers", schema: `{"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": {"const": 1}}}`, yes: []string{"1"}, no: []string{"2"}},
		{line: "34: anchors", schema: `{"$ref": "#x", "$defs": {"a": {"$anchor": "x", "const": 1}}}`, yes: []string{"1"}, no: []string{"2"}},
		{line: "34: dynamic anchors", schema: `{"type": "array", "items": {"$dynamicRef": "#x"}, "$defs": {"a": {"$dynamicAnchor": "x", "const": 1}}}`, yes: []string{"[1]"}, no: []string{"[2]"}},
		{line: "34: recursive references", schema: `{"$recursiveAnchor": true, "type": "array", "items": {"$recursiveRef": "#"}}`, yes: []string{"[[],[[]]]"}, no: []string{"[1]"}},
		{line: "34: boolean schemas", schema: `{"type": "object", "properties": {"a": true, "b": false}}`, yes: []string{`{"a": [1]}`}, no: []string{`{"b": 1}`}},
		{line: "35: required names beside the properties", schema: `{"type": "object", "properties": {"a": {"const": 1}}, "required": ["z"]}`, yes: []string{`{"a": 1, "z": 2}`, `{"z": {}}`}, no: []string{`{"a": 1}`}},
		{line: "35: in declared order", schema: `{"type": "object", "properties": {"o": {"const": 1}, "r": {"const": 2}}, "required": ["r"], "additionalProperties": false}`, yes: []string{`{"o": 1, "r": 2}`, `{"r": 2}`}, no: []string{`{"r": 2, "o": 1}`}},
		{line: "36: enum 1.0", schema: `{"enum": [1.0]}`, yes: []string{"1", "1.0"}, no: []string{"1.1"}},
		{line: "36: enum 1", schema: `{"enum": [1]}`, yes: []string{"1", "1.0"}, no: []string{"1.1"}},
		{line: "37: keys with escapes", schema: `{"type": "object", "properties": {"a": {"type": "integer"}}}`, yes: []string{`{"a": 1, "b": "x"}`}, no: []string{`{"a": 1, "\u0061": "x"}`, `{"\u0061": "x"}`}},
		{line: "38: no value satisfies the schema", schema: `{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}`, refused: "no value satisfies"},
		{line: "38: no array has so many items", schema: `{"type": "array", "minItems": 3, "maxItems": 2}`, refused: "no value satisfies"},
		{line: "38: no integer is in the range", schema: `{"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 4}`, refused: "no value satisfies"},
		{line: "38: no string is so short", schema: `{"type": "string", "pattern": "^abc$", "maxLength": 2}`, refused: "no value satisfies"},
		{line: "38: an empty enum", schema: `{"enum": []}`, refused: "no value satisfies"},
		{line: "38: a reference to itself", schema: `{"$ref": "#"}`, refused: "refers to itself"},
		{line: "38: an ill-formed repetition", schema: `{"type": "string", "pattern": "a{3,2}"}`, refused: "#/pattern"},
		{line: "38: nothing to repeat", schema: `{"type": "string", "pattern": "*a"}`, refused: "#/pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			p, _, err := Compile([]byte(tt.schema), Options{})
			if tt.refused != "" {
				require.ErrorContains(t, err, tt.refused)
				return
			}
			require.NoError(t, err)
			for _, text := range tt.yes {
				require.True(t, accepts(p, text), "accepts %.80s", text)
			}
			for _, text := range tt.no {
				require.False(t, accepts(p, text), "refuses %.80s", text)
			}
		})
	}
	t.Run("39: an unknown format", func(t *testing.T) {
		p, warnings, err := Compile([]byte(`{"properties": {"a": {"type": "string", "format": "colour"}}}`), Options{})
		require.NoError(t, err)
		require.Equal(t, []string{`#/properties/a/format: the format "colour" is an annotation, not enforced`}, warnings)
		require.True(t, accepts(p, `{"a": "red"}`))
	})
}
