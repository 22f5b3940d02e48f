package toolcall

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
)

// FuzzParser checks that a parser never panics, that its result does not depend on how a text is
// cut, and that for most families, a text without a call is returned unchanged.
func FuzzParser(f *testing.F) {
	for _, c := range cases() {
		for i := range families {
			if families[i].Name == c.family {
				f.Add(byte(i), c.text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, text string) {
		fam := &generic
		if int(which) < len(families) {
			fam = &families[which]
		}
		checkText(t, fam, text)
	})
}

// FuzzMessages checks that Complete and Plain never panic, whatever the messages are.
func FuzzMessages(f *testing.F) {
	f.Add(`{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]}`, `{"role": "tool", "content": "c", "tool_call_id": "a"}`)
	f.Add(`{"tool_calls": [{"function": {}}, 5]}`, `[]`)
	f.Fuzz(func(t *testing.T, call, result string) {
		messages := []chat.Message{
			{Role: chat.User, Content: "q"},
			{Role: chat.Assistant, Object: []byte(call)},
			{Role: chat.Tool, Content: "r", Object: []byte(result)},
			{Role: chat.User, Content: "q"},
		}
		for i := range families {
			require.Len(t, families[i].Complete(messages), len(messages))
		}
		require.NotEmpty(t, Plain(messages))
	})
}

// FuzzSchemas checks that Plan.Compile never panics, whatever a tool's schema is.
func FuzzSchemas(f *testing.F) {
	f.Add(byte(0), `{"type": "object", "properties": {"a": {"type": ["string", "null"]}, "b": {"$ref": "#/$defs/B"}}, "required": ["b"], "$defs": {"B": {"enum": ["x", 1]}}}`)
	f.Add(byte(9), `{"$ref": "#"}`)
	f.Add(byte(10), `{"properties": {"a": {"type": "array", "items": {"type": "object", "properties": {"b": {"$ref": "#/$defs/c"}}}}}, "$defs": {"c": {"type": "array", "items": {"$ref": "#/$defs/c"}}}}`)
	f.Add(byte(10), `{"properties": {"a": {"type": "array", "items": false}}, "additionalProperties": {"type": "integer"}}`)
	f.Fuzz(func(t *testing.T, which byte, schema string) {
		if len(schema) > 4096 {
			return
		}
		fam := &generic
		if int(which) < len(families) {
			fam = &families[which]
		}
		plan := Plan{Family: fam, Tools: []Tool{{Name: "f", Parameters: []byte(schema)}}, Parallel: true, Control: noControl}
		plan.Compile()
		plan.Required = true
		plan.Compile()
	})
}
