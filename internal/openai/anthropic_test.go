package openai

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

func TestAnthropic(t *testing.T) {
	p := sampler.DefaultParams()
	r, err := ParseAnthropic([]byte(`{"model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "b"}],
		"messages": [
			{"role": "user", "content": "q"},
			{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "x"}, {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}]},
			{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "42"}]}, {"type": "text", "text": "and?"}]}],
		"stop_sequences": ["s", ""], "temperature": 0.5, "top_p": 2, "top_k": 3, "stream": true, "metadata": {"user_id": "u"},
		"thinking": {"type": "disabled"}, "tools": [{"name": "f", "input_schema": {}}], "tool_choice": {"type": "none"}}`), p, false)
	require.NoError(t, err)
	require.Equal(t, 9, r.MaxTokens)
	require.True(t, r.Stream)
	require.Equal(t, []string{"s"}, r.Stop)
	require.Equal(t, float32(0.5), r.Sampling.Temp)
	require.Equal(t, float32(1), r.Sampling.TopP)
	require.Equal(t, 3, r.Sampling.TopK)
	require.JSONEq(t, `{"enable_thinking": false}`, string(r.Kwargs))
	require.Len(t, r.Messages, 5)
	require.Equal(t, Message{Role: "system", Content: "a\nb"}, r.Messages[0])
	require.Equal(t, Message{Role: "user", Content: "q"}, r.Messages[1])
	require.JSONEq(t, `{"role": "assistant", "content": "x", "reasoning_content": "hm", "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}`, string(r.Messages[2].Object))
	require.Equal(t, "tool", r.Messages[3].Role)
	require.Equal(t, "42", r.Messages[3].Content)
	require.Equal(t, Message{Role: "user", Content: "and?"}, r.Messages[4])

	r, err = ParseAnthropic([]byte(`{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": ""}]}`), p, false)
	require.NoError(t, err)
	require.Len(t, r.Messages, 1)
	require.Equal(t, 4096, r.MaxTokens)
}

// TestAnthropicToolErrors checks that the prompt tells the model if a tool has failed.
func TestAnthropicToolErrors(t *testing.T) {
	for _, tt := range []struct{ fields, want string }{
		{`"content": "no such file", "is_error": true`, "Error: no such file"},
		{`"content": [{"type": "text", "text": "no"}, {"type": "text", "text": "file"}], "is_error": true`, "Error: no\nfile"},
		{`"content": "error 5", "is_error": true`, "error 5"},
		{`"is_error": true`, "Error"},
		{`"content": "fine", "is_error": false`, "fine"},
		{`"content": "fine", "is_error": null`, "fine"},
	} {
		r, err := ParseAnthropic([]byte(`{"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", `+tt.fields+`}]}]}`), sampler.DefaultParams(), true)
		require.NoError(t, err)
		require.Equal(t, tt.want, r.Messages[0].Content)
		require.Contains(t, string(r.Messages[0].Object), mustJSON(tt.want))
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestAnthropicErrors(t *testing.T) {
	const q = `"messages": [{"role": "user", "content": "q"}]`
	for _, tt := range []struct{ body, param, message string }{
		{`{}`, "messages", "is missing or empty"},
		{`{"messages": [{"role": "system", "content": "a"}]}`, "messages[0].role", `must be "user" or "assistant"`},
		{`{"messages": [{"role": "user"}]}`, "messages[0].content", "is missing"},
		{`{"messages": [{"role": "user", "content": 5}]}`, "messages[0].content", "is a number"},
		{`{"messages": [{"role": "user", "content": [5]}]}`, "messages[0].content[0]", "must be an object"},
		{`{"messages": [{"role": "user", "content": [{}]}]}`, "messages[0].content[0].type", "is missing"},
		{`{"messages": [{"role": "user", "content": [{"type": "text"}]}]}`, "messages[0].content[0].text", "is missing"},
		{`{"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}`, "messages[0].content[0].type", "text only"},
		{`{"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "image"}]}]}]}`, "messages[0].content[0].content[0].type", "text only"},
		{`{"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "is_error": "yes"}]}]}`, "messages[0].content[0].is_error", "boolean"},
		{`{"messages": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]}`, "messages", "end with two messages"},
		{`{` + q + `, "max_tokens": 0}`, "max_tokens", "is 0, must be between 1"},
		{`{` + q + `, "system": 5}`, "system", "is a number"},
		{`{` + q + `, "system": [{"type": "tool_use", "id": "a", "name": "b"}]}`, "system[0].type", `must be "text"`},
		{`{` + q + `, "stop_sequences": [5]}`, "stop_sequences[0]", "must be a string"},
		{`{` + q + `, "stop_sequences": "a"}`, "stop_sequences", "must be a list"},
		{`{` + q + `, "thinking": {"type": "odd"}}`, "thinking.type", `is "odd"`},
		{`{` + q + `, "tools": [{"name": "f"}], "tool_choice": {"type": "tool", "name": "g"}}`, "tool_choice.name", "must be the name of one of the tools"},
		{`{` + q + `, "tools": [{"type": "web_search_20250305", "name": "web_search"}]}`, "tools[0].type", "no tools of its own"},
		{`{` + q + `, "tools": [{"name": "f"}], "tool_choice": {"type": "maybe"}}`, "tool_choice.type", "must be"},
		{`{` + q + `, "tool_choice": {"type": "any"}}`, "tool_choice.type", "the request has no tools"},
	} {
		_, err := ParseAnthropic([]byte(tt.body), sampler.DefaultParams(), false)
		var e *Error
		require.True(t, errors.As(err, &e), tt.body)
		require.Equal(t, tt.param, e.Param, tt.body)
		require.Contains(t, e.Message, tt.message, tt.body)
	}
}
