package openai

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

// TestResponsesInput checks the conversation that each kind of input becomes.
func TestResponsesInput(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       []string // role and content of each message, or its JSON if it has more fields
	}{
		{"a text", `{"input": "Hi"}`, []string{"user: Hi"}},
		{"with instructions", `{"input": "Hi", "instructions": "be brief"}`, []string{"system: be brief", "user: Hi"}},
		{"one system message", `{"input": [{"role": "developer", "content": "b"}, {"role": "user", "content": "Hi"}], "instructions": "a"}`,
			[]string{"system: a\n\nb", "user: Hi"}},
		{"parts", `{"input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]}]}`,
			[]string{"user: a\nb"}},
		{"with an earlier answer", `{"input": [{"role": "user", "content": "Hi"},
			{"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
			{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [{"type": "output_text", "text": "Yes", "annotations": []}]},
			{"role": "user", "content": "Sure?"}]}`,
			[]string{"user: Hi", `{"role":"assistant","content":"Yes","reasoning_content":"hm"}`, "user: Sure?"}},
		{"calls", `{"input": [{"role": "user", "content": "Hi"},
			{"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"a\": 1}"},
			{"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
			{"type": "function_call_output", "call_id": "c1", "output": "one"},
			{"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]}]}`,
			[]string{"user: Hi",
				`{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]}`,
				`{"role":"tool","content":"one","tool_call_id":"c1"}`, `{"role":"tool","content":"two","tool_call_id":"c2"}`}},
		{"two answers", `{"input": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "and"}, {"role": "assistant", "content": ""}]}`,
			[]string{"user: Hi", "assistant: a", "user: and"}},
	} {
		r, err := ParseResponses([]byte(tt.body), sampler.DefaultParams())
		require.NoError(t, err, tt.name)
		var got []string
		for _, m := range r.Messages {
			if m.Object != nil {
				got = append(got, string(m.Object))
			} else {
				got = append(got, m.Role+": "+m.Content)
			}
		}
		require.Equal(t, tt.want, got, tt.name)
	}
}

func TestResponsesSettings(t *testing.T) {
	r, err := ParseResponses([]byte(`{"input": "Hi", "max_output_tokens": 7, "temperature": 0.5, "seed": 3, "n": 9, "max_tokens": 99, "stream": true,
		"reasoning": {"effort": "none", "summary": "auto"}, "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
		"metadata": {"a": "b"}, "user": "u", "store": true, "truncation": "disabled", "tools": [], "tool_choice": "auto", "parallel_tool_calls": false,
		"text": {"format": {"type": "text"}, "verbosity": "low"}, "stream_options": {"include_obfuscation": false}, "previous_response_id": null}`), sampler.DefaultParams())
	require.NoError(t, err)
	require.Equal(t, 7, r.MaxTokens)
	require.Equal(t, 1, r.N, "a Responses request always has one answer")
	require.InDelta(t, 0.5, r.Sampling.Temp, 0)
	require.Equal(t, uint32(3), r.Sampling.Seed)
	require.True(t, r.Stream)
	require.False(t, r.Usage)
	require.True(t, r.Logprobs)
	require.Zero(t, r.Top)
	require.Contains(t, string(r.Kwargs), `"enable_thinking":false`)
	require.JSONEq(t, `{"a": "b"}`, string(r.Echo["metadata"]))
	require.Equal(t, "false", string(r.Echo["parallel_tool_calls"]))
	require.NotContains(t, r.Echo, "previous_response_id")
}

// TestResponsesErrors checks that errors name fields as a Responses request does.
func TestResponsesErrors(t *testing.T) {
	for body, param := range map[string]string{
		`{}`:                            "input",
		`{"input": []}`:                 "input",
		`{"input": 5}`:                  "input",
		`{"input": [5]}`:                "input[0]",
		`{"input": [{"role": "user"}]}`: "input[0].content",
		`{"input": [{"role": "tool", "content": "a"}]}`:                                                 "input[0].role",
		`{"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "http://x/"}]}]}`: "input[0].content[0].type",
		`{"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]}`:            "input[0].content[0].type",
		`{"input": [{"role": "user", "content": [{"type": "input_text"}]}]}`:                            "input[0].content[0].text",
		`{"input": [{"type": "item_reference", "id": "x"}]}`:                                            "input[0].type",
		`{"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}`:                        "input[0].call_id",
		`{"input": [{"type": "function_call_output", "call_id": "c"}]}`:                                 "input[0].output",
		`{"input": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]}`:     "input",
		`{"input": "a", "previous_response_id": "resp_1"}`:                                              "previous_response_id",
		`{"input": "a", "conversation": {"id": "c"}}`:                                                   "conversation",
		`{"input": "a", "prompt": {"id": "p"}}`:                                                         "prompt",
		`{"input": "a", "background": true}`:                                                            "background",
		`{"input": "a", "truncation": "auto"}`:                                                          "truncation",
		`{"input": "a", "max_output_tokens": 0}`:                                                        "max_output_tokens",
		`{"input": "a", "max_output_tokens": 1e30}`:                                                     "max_output_tokens",
		`{"input": "a", "reasoning": {"effort": "huge"}}`:                                               "reasoning.effort",
		`{"input": "a", "text": {"format": {"type": "xml"}}}`:                                           "text.format.type",
		`{"input": "a", "text": {"format": {}}}`:                                                        "text.format.type",
		`{"input": "a", "tools": [{"type": "web_search"}]}`:                                             "tools[0].type",
		`{"input": "a", "tool_choice": "required"}`:                                                     "tool_choice",
		`{"input": "a", "top_logprobs": 21}`:                                                            "top_logprobs",
		`{"input": "a", "temperature": "hot"}`:                                                          "temperature",
	} {
		_, err := ParseResponses([]byte(body), sampler.DefaultParams())
		var e *Error
		require.ErrorAs(t, err, &e, body)
		require.Equal(t, 400, e.Status, body)
		require.Equal(t, param, e.Param, "%s: %v", body, err)
	}
}
