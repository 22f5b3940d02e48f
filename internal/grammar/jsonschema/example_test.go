package jsonschema_test

import (
	"fmt"

	"alpaca/internal/grammar/jsonschema"
)

func ExampleCompile() {
	p, warnings, err := jsonschema.Compile([]byte(`{
		"type": "object",
		"properties": {"name": {"type": "string", "maxLength": 3}, "born": {"type": "string", "format": "date"}, "mood": {"type": "string", "format": "mood"}},
		"required": ["name"],
		"additionalProperties": false
	}`), jsonschema.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(warnings)
	for _, text := range []string{`{"name": "Ada"}`, `{"name":"Ada","born":"1815-12-10"}`, `{"name": "Grace"}`, `{"born": "1815-12-10"}`} {
		m := p.NewMatcher(nil)
		n, ok := m.AcceptBytes([]byte(text))
		fmt.Println(text, n, ok)
	}
	// Output:
	// [#/properties/mood/format: the format "mood" is an annotation, not enforced]
	// {"name": "Ada"} 15 true
	// {"name":"Ada","born":"1815-12-10"} 34 true
	// {"name": "Grace"} 13 false
	// {"born": "1815-12-10"} 2 false
}

// A keyword that cannot be enforced is refused; the error has the keyword's pointer.
func ExampleRefused() {
	_, _, err := jsonschema.Compile([]byte(`{"properties": {"code": {"type": "string", "pattern": "^(?=a)"}}}`), jsonschema.Options{})
	fmt.Println(err)
	// Output: #/properties/code/pattern: pattern "^(?=a)": character 2: conditions that look ahead or behind are not supported
}
