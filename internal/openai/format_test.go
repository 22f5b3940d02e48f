package openai

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

// TestFormats checks every way to request a form. The text of a schema must not change.
func TestFormats(t *testing.T) {
	const schema = `{"type": "object", "properties": {"b": {}, "a": {}}}`
	for _, tt := range []struct {
		body string
		want *Format
	}{
		{`"response_format": {"type": "text"}`, nil},
		{`"response_format": null, "grammar": "", "json_schema": null`, nil},
		{`"response_format": {"type": "json_object"}`, &Format{Field: "response_format", Schema: json.RawMessage(anyObject)}},
		{`"response_format": {"type": "json_object", "schema": ` + schema + `}`, &Format{Field: "response_format", Schema: json.RawMessage(schema)}},
		{`"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": ` + schema + `}}`, &Format{Field: "response_format", Strict: true, Schema: json.RawMessage(schema)}},
		{`"response_format": {"type": "json_schema", "schema": ` + schema + `}, "lenient": true`, &Format{Field: "response_format", Lenient: true, Schema: json.RawMessage(schema)}},
		{`"json_schema": ` + schema + `, "whitespace": "compact"`, &Format{Field: "json_schema", Compact: true, Schema: json.RawMessage(schema)}},
		{`"json_schema": "{\"type\": \"null\"}"`, &Format{Field: "json_schema", Schema: json.RawMessage(`{"type": "null"}`)}},
		{`"grammar": "root ::= [a]"`, &Format{Field: "grammar", Grammar: "root ::= [a]"}},
		{`"grammar": "a", "grammar_lazy": true, "grammar_triggers": [{"type": 1, "value": "w"}, {"type": 0, "value": "x", "token": 7}, {"type": 2, "value": "p"}]`,
			&Format{Field: "grammar", Grammar: "a", Lazy: true, Triggers: []Trigger{{TriggerWord, "w", 0}, {TriggerToken, "x", 7}, {TriggerPattern, "p", 0}}}},
	} {
		r, err := ParseChat([]byte(`{`+hi+`, `+tt.body+`}`), sampler.DefaultParams())
		require.NoError(t, err, tt.body)
		require.Equal(t, tt.want, r.Format, tt.body)
		c, err := ParseCompletion([]byte(`{"prompt": "a", `+tt.body+`}`), sampler.DefaultParams(), true)
		require.NoError(t, err, tt.body)
		require.Equal(t, tt.want, c.Format, tt.body)
	}
	for body, want := range map[string]string{`"json"`: anyObject, schema: schema} {
		r, err := ParseOllama([]byte(`{"messages": [{"role": "user", "content": "a"}], "format": `+body+`}`), sampler.DefaultParams(), false)
		require.NoError(t, err)
		require.Equal(t, &Format{Field: "format", Schema: json.RawMessage(want)}, r.Format)
	}
}
