package jsonschema

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHostile checks that every schema is compiled or refused within limits of time and memory.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("not repeated with -short: the bounds count steps, which are the same on every CPU")
	}
	list := func(n int, f string) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(f, i))
		}
		return strings.Join(out, ",")
	}
	for name, schema := range map[string]string{
		"alternatives that multiply": `{"allOf": [` + list(30, `{"anyOf": [{"required": ["a%[1]d"]}, {"required": ["b%[1]d"]}]}`) + `]}`,
		"one of many":                `{"oneOf": [` + list(40, `{"properties": {"p%d": {"type": "string"}}}`) + `]}`,
		"not of not":                 strings.Repeat(`{"not": `, 180) + `{"type": "object", "properties": {"a": {"enum": [1]}}}` + strings.Repeat("}", 180),
		"deep":                       strings.Repeat(`{"items": `, 190) + "{}" + strings.Repeat("}", 190),
		"references in a chain":      `{"$ref": "#/$defs/d0", "$defs": {` + list(400, `"d%[1]d": {"$ref": "#/$defs/d1%[1]d"}`) + `}}`,
		"patterns that explode":      `{"properties": {` + list(20, `"p%d": {"type": "string", "pattern": "^[ab]*a[ab]{11}$"}`) + `}}`,
		"a long pattern":             `{"type": "string", "pattern": "` + strings.Repeat("(a|b)?", 3000) + `"}`,
		"lengths":                    `{"type": "string", "pattern": "a", "minLength": 1000000000, "maxLength": 1073741824}`,
		"a large count":              `{"type": "array", "items": {"type": "integer"}, "minItems": 1000000000}`,
		"many properties, counted":   `{"type": "object", "minProperties": 500, "properties": {` + list(1000, `"p%d": {}`) + `}}`,
		"numbers":                    `{"type": "number", "multipleOf": 0.0001, "minimum": 1e300, "maximum": 1e301}`,
		"a large enum":               `{"enum": [` + list(5000, `"word number %d"`) + `]}`,
		"objects of an enum":         `{"enum": [` + list(2000, `{"a": %d}`) + `]}`,
		"nots of additional":         `{"allOf": [` + list(14, `{"not": {"additionalProperties": {"type": "string", "maxLength": %d}}}`) + `]}`,
		"nots of items":              `{"allOf": [` + list(12, `{"not": {"items": {"type": "string", "maxLength": %d}}}`) + `]}`,
		"counts of items":            `{"allOf": [` + list(6, `{"contains": {"const": %d}, "minContains": 3, "maxContains": 9}`) + `], "maxItems": 60}`,
		"one of closed objects":      `{"oneOf": [` + list(24, `{"properties": {"p%d": {}}, "additionalProperties": false}`) + `]}`,
		"patterns of names":          `{"type": "object", "patternProperties": {` + list(25, `"x%d[a-z]*y": {"type": "string"}`) + `}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, _, err := Compile([]byte(schema), Options{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			mib := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%v, %d MiB in all: %.100v", took, mib, err)
			require.Less(t, took, 90*time.Second)
			require.Less(t, mib, uint64(3000))
		})
	}
}
