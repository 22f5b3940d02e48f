package jsonschema

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// TestTexts checks schemas that other programs get wrong, each with valid and invalid texts.
func TestTexts(t *testing.T) {
	long := `"` + strings.Repeat("é", 3000) + `"`
	tests := []struct {
		schema  string
		yes, no []string
	}{
		// Lengths are enforced, however large they are. They count code points.
		{`{"type": "string", "maxLength": 2999}`, []string{`""`, `"😀"`}, []string{long}},
		{`{"type": "string", "maxLength": 3000, "minLength": 2999}`, []string{long}, []string{`"a"`}},
		{`{"maxLength": 2, "type": "string"}`, []string{`"\ud83d\ude00\n"`}, []string{`"abc"`, `"\u0061bc"`}},
		{`{"type": "array", "maxItems": 2500, "items": {"type": "null"}}`,
			[]string{"[" + strings.Repeat("null,", 2499) + "null]"}, []string{"[" + strings.Repeat("null,", 2500) + "null]"}},
		{`{"type": "array", "minItems": 2, "items": {"type": "integer"}}`, []string{"[1, 2]", "[1,2,3]"}, []string{"[]", "[1]", "[1,]"}},
		// Numbers may have any size.
		{`{"type": "integer", "maximum": 18446744073709551615}`, []string{"18446744073709551615", "-5"}, []string{"18446744073709551616", "007"}},
		{`{"type": "integer", "maximum": -3}`, []string{"-3", "-10"}, []string{"-2", "-03", "0", "3"}},
		{`{"type": "integer", "minimum": 12345678901234567}`, []string{"12345678901234568", "99999999999999999999"}, []string{"12345678901234566"}},
		// allOf combines scalars and references.
		{`{"allOf": [{"$ref": "#/$defs/a"}, {"maxLength": 2}], "$defs": {"a": {"type": "string"}}}`, []string{`"ab"`}, []string{`"abc"`, "{}"}},
		{`{"allOf": [{"type": "integer"}, {"minimum": 3}]}`, []string{"3"}, []string{"2", "{}"}},
		// A pattern must match somewhere in the decoded text.
		{`{"type": "string", "pattern": "^a\"b$"}`, []string{`"a\"b"`, `"\u0061\"b"`}, []string{`"a"b"`, `"a\\b"`}},
		{`{"type": "string", "pattern": "[^a]"}`, []string{`"\n"`, `"b"`}, []string{"\"\n\"", `"aa"`}},
		{`{"type": "string", "pattern": "\\d"}`, []string{`"a1b"`, `"7"`}, []string{`"ab"`}},
		{`{"type": "string", "pattern": "^[a-z]+$", "maxLength": 3}`, []string{`"abc"`}, []string{`"abcd"`, `""`}},
		// Other programs ignore these keywords.
		{`{"type": "number", "minimum": 1.5}`, []string{"1.5", "2", "10"}, []string{"1.49", "1", "-2"}},
		{`{"type": "number", "exclusiveMinimum": 0}`, []string{"0.1", "1e-5"}, []string{"0", "0.0", "-1", "0e5"}},
		{`{"type": "number", "multipleOf": 0.25}`, []string{"0.5", "1", "-0.75"}, []string{"0.3", "1.1"}},
		{`{"not": {"type": "string"}}`, []string{"1", "{}"}, []string{`"a"`}},
		{`{"if": {"type": "integer"}, "then": {"minimum": 3}, "else": {"type": "string"}}`, []string{"3", `"x"`}, []string{"2", "null", "2.5"}},
		{`{"type": "array", "uniqueItems": true, "items": {"enum": ["a", "b", 1]}}`, []string{`["b","a",1]`, "[]"}, []string{`["a","a"]`, `[1, 1]`}},
		{`{"type": "array", "contains": {"const": 1}, "maxContains": 1, "items": {"type": "integer"}}`, []string{"[1]", "[2,1,3]"}, []string{"[]", "[2]", "[1,1]"}},
		{`{"type": "object", "propertyNames": {"pattern": "^x"}}`, []string{`{"xa": 1}`, "{}"}, []string{`{"a": 1}`}},
		{`{"type": "object", "properties": {"a": {}, "b": {}}, "dependentRequired": {"a": ["b"]}}`, []string{`{"b":1}`, `{"a":1,"b":2}`}, []string{`{"a":1}`}},
		// All keywords of a schema apply, even beside $ref or anyOf.
		{`{"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}}`, []string{`["a", 1, 2]`, "[]"}, []string{`[1]`, `["a", "b"]`}},
		{`{"$ref": "#/$defs/a", "minimum": 5, "$defs": {"a": {"type": "integer"}}}`, []string{"5"}, []string{"4", `"a"`}},
		{`{"anyOf": [{"minLength": 2}, {"type": "null"}], "type": ["string", "null"]}`, []string{`"ab"`, "null"}, []string{`"a"`, "1"}},
		{`{"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "integer"}`, []string{"2", "3", "4"}, []string{"6", "1", "0"}},
		// Schemas may be references or booleans.
		{`{"type": "object", "properties": {"a": {"$ref": "#"}}, "additionalProperties": false}`, []string{`{"a": {"a": {}}}`}, []string{`{"a": {"b": 1}}`}},
		{`{"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "null"}}}`, []string{"null"}, []string{"1"}},
		{`{"$ref": "#here", "$defs": {"x": {"$anchor": "here", "type": "null"}}}`, []string{"null"}, []string{"1"}},
		{`true`, []string{"1", `{"a": [true, {}]}`}, []string{"", "{a}"}},
		{`{"properties": {"a": false}, "type": "object"}`, []string{"{}", `{"b": 1}`}, []string{`{"a": 1}`, `{"\u0061": 1}`}},
		// A name may occur only in "required". The order of keys is that of the schema.
		{`{"type": "object", "required": ["z"], "additionalProperties": {"type": "integer"}}`, []string{`{"z": 1}`, `{"z": 1, "y": 2}`}, []string{"{}", `{"z": "a"}`}},
		{`{"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]}`, []string{`{"a":1,"b":2}`, `{"b":2,"c":1}`}, []string{`{"b":1,"a":1}`, `{"a":1}`}},
		{`{"enum": [1.0]}`, []string{"1", "1.0"}, []string{"1.5", "10"}},
		{`{"const": {"a": [1, "x"]}}`, []string{`{"a":[1,"x"]}`}, []string{`{"a":[1]}`, `{}`}},
		// The key "\u0061" is "a". So its value must have the type of "a", and the key may not
		// occur beside "a".
		{`{"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": {"type": "string"}}`,
			[]string{`{"a": 1, "b": "c"}`, `{"\u0062": "c"}`}, []string{`{"\u0061": "x"}`, `{"a": 1, "\u0061": "x"}`}},
		{`{"type": "string", "format": "topic"}`, []string{`"anything"`}, []string{"1"}},
		{`{"type": "string", "format": "date"}`, []string{`"2024-02-29"`, `"2026-12-31"`}, []string{`"2026-02-29"`, `"2026-02-31"`, `"2026-13-01"`}},
		{`{"type": "string", "format": "ipv6"}`, []string{`"::1"`, `"1:2:3:4:5:6:7:8"`, `"::ffff:1.2.3.4"`}, []string{`"12345::"`, `"1::2::3"`}},
		{`{"type": "object", "patternProperties": {"^i": {"type": "integer"}}, "additionalProperties": false}`, []string{`{"i1": 1}`}, []string{`{"i1": "a"}`, `{"x": 1}`}},
		{`{"type": "object", "properties": {"a": {}, "b": {}}, "minProperties": 1, "maxProperties": 1}`, []string{`{"a":1}`, `{"x":1}`}, []string{"{}", `{"a":1,"b":1}`}},
		{`{"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "minimum": 3, "exclusiveMinimum": true}`, []string{"3.5"}, []string{"3"}},
		{`{"type": "integer"}`, []string{"{ }", "1"}[1:], []string{" 1", "1 ", "1.0", "+1"}},
	}
	for _, tt := range tests {
		p, _, err := Compile([]byte(tt.schema), Options{})
		require.NoError(t, err, tt.schema)
		for _, text := range tt.yes {
			require.True(t, accepts(p, text), "%s accepts %.60s", tt.schema, text)
		}
		for _, text := range tt.no {
			require.False(t, accepts(p, text), "%s refuses %.60s", tt.schema, text)
		}
	}
}

func TestErrors(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type": "strin"}`:                                        "#/type: unknown type strin",
		`{"properties": {"a/b": {"pattern": "(?=x)"}}}`:            "#/properties/a~1b/pattern: ",
		`{"items": {"uniqueItems": true}}`:                         "#/items/uniqueItems: ",
		`{"$ref": "http://example.com/x"}`:                         "#/$ref: \"http://example.com/x\" is not in this document",
		`{"$ref": "#/$defs/x"}`:                                    "points to nothing",
		`{"$ref": "#"}`:                                            "refers to itself",
		`{"allOf": [{"type": "string"}, {"type": "null"}]}`:        "#: no value satisfies",
		`{"enum": ["a"], "type": "integer"}`:                       "no value satisfies",
		`false`:                                                    "no value satisfies",
		`{"type": "array", "items": {"$ref": "#"}, "minItems": 1}`: "no value satisfies",
		`{"multipleOf": 0}`:                                        "#/multipleOf: must be greater than 0",
		`{"minimum": "1"}`:                                         "#/minimum: must be a number",
		`{"minimum": 1e999999}`:                                    "#/minimum: ",
		`{"maxLength": -1}`:                                        "#/maxLength: ",
		`{"items": 3}`:                                             "#/items: a schema must be",
		`{"oneOf": [{"uniqueItems": true}, {"type": "array"}]}`:    "#/oneOf: a value may satisfy both schemas 1 and 2",
		`{"a": `:                 "line 1, column 6: the schema is not JSON",
		"{\"a\": 1,\n \"a\": 2}": `the key "a" occurs twice`,
		strings.Repeat("[", 300): "nested deeper than 200",
		`[]`:                     "a schema must be an object",
		`{"pattern": "^(a|b)*a(a|b){25}$", "type": "string"}`: "too large",
		`{"$dynamicRef": "#x"}`:                               "#/$dynamicRef: ",
		`{"$id": "http://a/b", "$ref": "c", "$defs": {"x": {"$dynamicAnchor": "n"}, "c": {"$id": "c", "$dynamicAnchor": "n", "items": {"$dynamicRef": "#n"}}}}`: "2 places have the anchor",
	} {
		_, _, err := Compile([]byte(schema), Options{})
		require.ErrorContains(t, err, want, schema)
	}
}

func TestLenient(t *testing.T) {
	p, warnings, err := Compile([]byte(`{"type": "array", "uniqueItems": true, "items": {"type": "string", "pattern": "(?=a)b", "format": "what"}}`), Options{Lenient: true})
	require.NoError(t, err)
	require.Len(t, warnings, 3)
	require.Contains(t, strings.Join(warnings, "\n"), "#/uniqueItems")
	require.True(t, accepts(p, `["x", "x"]`))
	require.False(t, accepts(p, `[1]`))
	p, _, err = Compile([]byte(`{}`), Options{Compact: true})
	require.NoError(t, err)
	require.True(t, accepts(p, `{"a":[1,2]}`))
	require.False(t, accepts(p, `{"a": 1}`))
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`{"type": "string", "pattern": "a+", "maxLength": 3}`, `{"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#"}, {"not": {}}]}}}`,
		`{"multipleOf": 0.1, "minimum": -1e5}`, `{"enum": [1, "a", [null], {"x": 2}]}`, `{"properties": {"a": true}, "unevaluatedProperties": false}`} {
		f.Add([]byte(s), []byte(`{"a": 1}`))
	}
	f.Add([]byte(`{"type": "string", "pattern": "^é?.{2,3}<"}`), []byte("éab<"))
	f.Fuzz(func(t *testing.T, schema, text []byte) {
		p, _, err := Compile(schema, Options{})
		if err == nil {
			p.NewMatcher(nil).AcceptBytes(text)
		}
		// Strings accepts texts without quotes. An accepted text does not contain the end "</".
		// Written as JSON, it satisfies the schema, too.
		d, err := Strings(schema, "</", Options{})
		if err == nil && utf8.Valid(text) && !bytes.Contains(text, []byte{0x7F}) && d.Match(bytesOf(string(text))) {
			require.NotContains(t, string(text), "</")
			if quoted, err := json.Marshal(string(text)); err == nil && p != nil && !bytes.Contains(quoted, []byte(`\u`)) {
				_, ok := p.NewMatcher(nil).AcceptBytes(quoted)
				require.True(t, ok, "%s: %s", schema, quoted)
			}
		}
	})
}
