package grammar_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/grammar"
	"alpaca/internal/grammar/gbnf"
	"alpaca/internal/grammar/jsonschema"
)

// bytesVocab returns a vocabulary of all single bytes and an end token.
func bytesVocab() *grammar.Vocab {
	return grammar.NewVocab(257, func(id int32) []byte { return []byte{byte(id)} }, []int32{256})
}

// TestDraft checks that Draft returns the text that must follow, up to the first choice. If the
// choice is only between kinds of white space, Draft repeats the white space that was used before.
func TestDraft(t *testing.T) {
	const person = `{"type": "object", "properties": {"name": {"type": "string"}, "age": {"const": true}, "of": {"const": "us"}},
		"required": ["name", "age", "of"], "additionalProperties": false}`
	tests := []struct{ grammar, text, want string }{
		{`root ::= "abc" ("d" | "e")`, "", "abc"},
		{`root ::= "abc" ("d" | "e")`, "abcd", ""},
		{`root ::= "abc" ("de" | "dx")`, "a", "bcd"},
		{`root ::= "abc" "d"?`, "", "abc"},
		{`root ::= "a, b:\n\tc" "d"`, "", "a, b:\n\tcd"},
		{`root ::= "a" [ \n] "b"`, "", "a"},
		{`root ::= "ab"{3} [cd]`, "a", "babab"},
		{`root ::= [ab]{3} "cd"`, "aa", ""},
		{`root ::= [ab]{3} "cd"`, "aab", "cd"},
		{"root ::= x \"z\"\nx ::= \"(\" x \")\" | \"y\"", "((y", "))z"},
		{`root ::= "é" [ab]`, "", "é"},
		{`root ::= .`, "", ""},
		{person, ``, `{`},
		{person, `{`, ``},
		{person, `{"`, `name"`},
		{person, `{"name":`, ``},
		{person, `{"name": "x", "`, `age": true`},
		{person, `{"name":"x","`, `age":true`},
		{person, "{\n  \"name\": \"x\",\n  \"", `age": true`},
		{person, "{\n  \"name\": \"x\",\n  \"age\": true,", "\n  \"of\": \"us\""},
		{person, "{\n  \"name\": \"x\",\n  \"age\": true,\n ", " \"of\": \"us\""},
		{person, "{\n  \"name\": \"x\",\n  \"age\": true,\t", ""},
		{person, `{"name": "a, b:c","age": true,`, `"of": "us"`},
		{person, `{"name":"x","age":true,"of":"us"}`, ""},
	}
	for _, tt := range tests {
		p, err := gbnf.Compile(tt.grammar, nil)
		if tt.grammar[0] == '{' {
			p, _, err = jsonschema.Compile([]byte(tt.grammar), jsonschema.Options{})
		}
		require.NoError(t, err)
		m := p.NewMatcher(bytesVocab())
		for _, b := range []byte(tt.text) {
			require.NoError(t, m.Accept(int32(b)))
		}
		require.Equal(t, tt.want, string(m.Draft(nil, 100)), "%s after %q", tt.grammar, tt.text)
		require.Equal(t, "_"+tt.want[:min(2, len(tt.want))], string(m.Draft([]byte("_"), 2)))
		for _, b := range []byte(tt.want) {
			require.NoError(t, m.Accept(int32(b)))
		}
	}
}
