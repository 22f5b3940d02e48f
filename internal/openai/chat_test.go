package openai

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

const hi = `"messages": [{"role": "user", "content": "hi"}]`

// TestChatRequest checks how valid fields are parsed.
func TestChatRequest(t *testing.T) {
	p := sampler.DefaultParams()
	r, err := ParseChat([]byte(`{`+hi+`}`), p)
	require.NoError(t, err)
	require.Equal(t, &ChatRequest{
		Generation: Generation{Sampling: p, MaxTokens: -1, N: 1},
		Messages:   []Message{{Role: "user", Content: "hi"}}, Open: true,
	}, r)

	r, err = ParseChat([]byte(`{`+hi+`, "model": "m", "stream": true, "stream_options": {"include_usage": true},
		"max_completion_tokens": 5, "n": 3, "seed": 7, "temperature": -1, "top_p": 1.5, "min_p": -3, "top_k": -9, "typical_p": 0.5,
		"frequency_penalty": 0.25, "presence_penalty": -0.5, "repeat_penalty": 1.5, "repeat_last_n": -1, "stop": ["a", "", "b"],
		"logprobs": true, "top_logprobs": 4, "cache_prompt": false, "speculative": false, "return_progress": true, "timings_per_token": true,
		"verbose": true, "return_tokens": true, "ignore_eos": true, "mirostat": 2, "samplers": ["top_k", "temperature"],
		"dry_sequence_breakers": ["x"], "chat_template_kwargs": {"a": 1}, "reasoning_effort": "none", "reasoning_format": "none",
		"response_format": {"type": "text"}, "tools": [{"type": "function"}], "tool_choice": "none", "modalities": ["text"],
		"user": "u", "metadata": {"k": "v"}, "store": false, "service_tier": "auto", "no such field": [1, 2]}`), p)
	require.NoError(t, err)
	want := p
	want.Seed, want.Temp, want.TopP, want.MinP, want.TopK, want.TypicalP = 7, 0, 1, 0, 0, 0.5
	want.FrequencyPenalty, want.PresencePenalty, want.RepeatPenalty, want.RepeatLastN = 0.25, -0.5, 1.5, -1
	want.IgnoreEOS, want.Mirostat, want.Samplers = true, 2, []sampler.Name{"top_k", "temperature"}
	want.DRYBreakers = []string{"x"}
	require.Equal(t, Generation{
		Model: "m", Sampling: want, Stop: []string{"a", "b"}, MaxTokens: 5, N: 3, Logprobs: true, Top: 4, NoCache: true, NoDrafts: true,
		Stream: true, Usage: true, Progress: true, Timings: true, Verbose: true, GiveTokens: true, Ignored: []string{"no such field"},
	}, r.Generation)
	require.True(t, r.KeepReasoning)
	require.JSONEq(t, `{"a": 1, "reasoning_effort": "none", "enable_thinking": false}`, string(r.Kwargs))
}

func TestMessages(t *testing.T) {
	parse := func(messages string) (*ChatRequest, error) {
		return ParseChat([]byte(`{"messages": `+messages+`}`), sampler.DefaultParams())
	}
	r, err := parse(`[{"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]},
		{"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
		{"role": "tool", "tool_call_id": "1", "content": "c"}, {"role": "user", "content": "d", "name": null}]`)
	require.NoError(t, err)
	require.Equal(t, "a\nb", r.Messages[0].Content)
	require.NotEmpty(t, r.Messages[0].Object)
	require.NotEmpty(t, r.Messages[1].Object)
	require.NotEmpty(t, r.Messages[2].Object)
	require.Empty(t, r.Messages[3].Object, "a name that is null counts as no name")

	r, err = parse(`[{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]`)
	require.NoError(t, err)
	require.Len(t, r.Messages, 1, "an empty answer at the end is not a message")
	r, err = parse(`[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]`)
	require.NoError(t, err)
	require.Len(t, r.Messages, 2)
}

// TestChatErrors checks that each error names the field and says what is wrong.
func TestChatErrors(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	for _, tt := range []struct{ body, param, message string }{
		{``, "", "the request is empty"},
		{`[]`, "", "must be a JSON object, is a list"},
		{`null`, "", "must be a JSON object, is null"},
		{`{"messages": [}`, "", "not valid JSON: invalid character '}' looking for beginning of value at byte 15"},
		{`{` + hi, "", "not valid JSON: unexpected end of JSON input"},
		{"{\"a\": \"\xff\"}", "", "not in UTF-8"},
		{`{"x": ` + deep + `, ` + hi + `}`, "", "nested more than 64 deep at byte 69"},
		{`{}`, "messages", "is missing"},
		{`{"messages": null}`, "messages", "is missing"},
		{`{"messages": []}`, "messages", "is empty"},
		{`{"messages": "hi"}`, "messages", "must be a list, is a string"},
		{`{"messages": [1]}`, "messages[0]", "must be an object, is a number"},
		{`{"messages": [` + strings.Repeat(`{},`, MaxMessages) + `{}]}`, "messages", "has 4097 items, must have at most 4096"},
		{`{"messages": [{"content": "a"}]}`, "messages[0].role", "is missing"},
		{`{"messages": [{"role": 1, "content": "a"}]}`, "messages[0].role", "must be a string, is a number"},
		{`{"messages": [{"role": "king", "content": "a"}]}`, "messages[0].role", `is "king", must be`},
		{`{"messages": [{"role": "user"}]}`, "messages[0].content", "is missing"},
		{`{"messages": [{"role": "user", "content": null}]}`, "messages[0].content", "is missing"},
		{`{"messages": [{"role": "assistant"}]}`, "messages[0].content", "is missing"},
		{`{"messages": [{"role": "user", "content": 5}]}`, "messages[0].content", "must be a string or a list of parts, is a number"},
		{`{"messages": [{"role": "user", "content": [5]}]}`, "messages[0].content[0]", "must be an object"},
		{`{"messages": [{"role": "user", "content": [{}]}]}`, "messages[0].content[0].type", "is missing"},
		{`{"messages": [{"role": "user", "content": [{"type": "text"}]}]}`, "messages[0].content[0].text", "is missing"},
		{`{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a"}}]}]}`, "messages[0].content[0].type", `is "image_url": this model reads text only`},
		{`{"messages": [{"role": "assistant", "tool_calls": [{}]}]}`, "messages[0].tool_calls[0].function", "is missing"},
		{`{"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}`, "messages[0].tool_calls[0].function.name", "is missing"},
		{`{"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": 1}}]}]}`, "messages[0].tool_calls[0].function.arguments", "must be a string"},
		{`{"messages": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]}`, "messages", "end with two messages of the assistant"},
		{`{` + hi + `, "stream": 1}`, "stream", "must be a boolean, is a number"},
		{`{` + hi + `, "stream_options": true}`, "stream_options", "must be an object, is a boolean"},
		{`{` + hi + `, "stream_options": {"include_usage": "yes"}}`, "stream_options.include_usage", "must be a boolean"},
		{`{` + hi + `, "max_tokens": -2}`, "max_tokens", "is -2, must be between -1 and 2147483647"},
		{`{` + hi + `, "max_tokens": 2.7}`, "max_tokens", "is 2.7, must be a whole number"},
		{`{` + hi + `, "max_tokens": "9"}`, "max_tokens", "must be a number, is a string"},
		{`{` + hi + `, "max_tokens": 2147483648}`, "max_tokens", "must be between"},
		{`{` + hi + `, "max_tokens": 9223372036854775808}`, "max_tokens", "must be a whole number"},
		{`{` + hi + `, "max_tokens": 1e308}`, "max_tokens", "must be a whole number"},
		{`{` + hi + `, "max_tokens": 1e999999}`, "max_tokens", "must be a whole number"},
		{`{` + hi + `, "n": 0}`, "n", "is 0, must be between 1 and 128"},
		{`{` + hi + `, "temperature": 1e308}`, "temperature", "must be a number up to"},
		{`{` + hi + `, "temperature": "hot"}`, "temperature", "must be a number, is a string"},
		{`{` + hi + `, "repeat_penalty": 0}`, "repeat_penalty", "is 0, must be between"},
		{`{` + hi + `, "mirostat": 3}`, "mirostat", "is 3, must be between 0 and 2"},
		{`{` + hi + `, "seed": 1e30}`, "seed", "must be a whole number"},
		{`{` + hi + `, "stop": 5}`, "stop", "must be a string or a list of strings, is a number"},
		{`{` + hi + `, "stop": ["a", 5]}`, "stop[1]", "must be a string, is a number"},
		{`{` + hi + `, "stop": ["` + strings.Repeat("a", MaxStop+1) + `"]}`, "stop[0]", "has 1025 bytes, must have at most 1024"},
		{`{` + hi + `, "stop": [` + strings.Repeat(`"a",`, MaxStops) + `"a"]}`, "stop", "has 17 items"},
		{`{` + hi + `, "top_logprobs": 2}`, "top_logprobs", `needs "logprobs": true`},
		{`{` + hi + `, "logprobs": true, "top_logprobs": 21}`, "top_logprobs", "must be between 0 and 20"},
		{`{` + hi + `, "logit_bias": 5}`, "logit_bias", "must be an object"},
		{`{` + hi + `, "logit_bias": {"-1": 5}}`, "logit_bias", "the token -1 is not in the vocabulary"},
		{`{` + hi + `, "logit_bias": {"4294967296": 5}}`, "logit_bias", "the token 4294967296 is not in the vocabulary"},
		{`{` + hi + `, "logit_bias": {"1": true}}`, `logit_bias["1"]`, "the bias is true"},
		{`{` + hi + `, "logit_bias": {"1": 1e99}}`, `logit_bias["1"]`, "the bias is 1e99"},
		{`{` + hi + `, "logit_bias": [[1]]}`, "logit_bias[0]", "must be a list of a token and its bias"},
		{`{` + hi + `, "logit_bias": [[1.5, 1]]}`, "logit_bias[0]", "must be a whole number"},
		{`{` + hi + `, "logit_bias": [["", 1]]}`, "logit_bias[0]", "the token is an empty text"},
		{`{` + hi + `, "samplers": ["nonsense"]}`, "samplers", "nonsense"},
		{`{` + hi + `, "dry_sequence_breakers": [""]}`, "dry_sequence_breakers[0]", "must be a string that is not empty"},
		{`{` + hi + `, "grammar": 5}`, "grammar", "must be a string"},
		{`{` + hi + `, "response_format": {"type": "xml"}}`, "response_format.type", `is "xml"`},
		{`{` + hi + `, "response_format": {}}`, "response_format.type", "is missing"},
		{`{` + hi + `, "response_format": {"type": "json_schema"}}`, "response_format.schema", "is missing"},
		{`{` + hi + `, "response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}`, "response_format.json_schema.schema", "is missing"},
		{`{` + hi + `, "response_format": {"type": "json_schema", "json_schema": {"schema": 5}}}`, "response_format.json_schema.schema", "must be an object, is a number"},
		{`{` + hi + `, "response_format": {"type": "json_object"}, "json_schema": {}}`, "response_format", `and "json_schema" cannot both be given`},
		{`{` + hi + `, "grammar": "a", "json_schema": {}}`, "json_schema", `and "grammar" cannot both be given`},
		{`{` + hi + `, "json_schema": []}`, "json_schema", "must be an object"},
		{`{` + hi + `, "json_schema": {}, "whitespace": "none"}`, "whitespace", "must be"},
		{`{` + hi + `, "grammar": "a", "grammar_lazy": true}`, "grammar_triggers", "is missing"},
		{`{` + hi + `, "grammar": "a", "grammar_lazy": true, "grammar_triggers": [{"type": 1}]}`, "grammar_triggers[0].value", "is missing or empty"},
		{`{` + hi + `, "grammar": "a", "grammar_lazy": true, "grammar_triggers": [{"type": 0}]}`, "grammar_triggers[0].token", "is missing"},
		{`{` + hi + `, "tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": {"type": "function", "function": {"name": "g"}}}`, "tool_choice.function.name", "must be the name of one of the tools"},
		{`{` + hi + `, "tools": [{"type": "function", "function": {"name": "a b"}}]}`, "tools[0].function.name", "letters, digits"},
		{`{` + hi + `, "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "f"}}]}`, "tools[1].function.name", "which another tool already has"},
		{`{` + hi + `, "tools": [{"type": "custom", "custom": {"name": "f"}}]}`, "tools[0].type", "only \"function\""},
		{`{` + hi + `, "tools": [{"type": "function"}]}`, "tools[0].function", "is missing"},
		{`{` + hi + `, "tools": [{"function": {"name": "f", "parameters": []}}]}`, "tools[0].function.parameters", "must be an object"},
		{`{` + hi + `, "tools": [{"function": {"name": "f"}}], "tool_choice": "always"}`, "tool_choice", "must be"},
		{`{` + hi + `, "tools": [{"function": {"name": "f"}}], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "g"}}]}}}`, "tool_choice.allowed_tools.tools[0].function.name", "must be the name of one of the tools"},
		{`{` + hi + `, "tools": [{"function": {"name": "f"}}], "grammar": "root ::= [a]"}`, "grammar", "cannot both"},
		{`{` + hi + `, "tools": [{"function": {"name": "f"}}], "stream": true, "logprobs": true}`, "logprobs", "cannot be streamed"},
		{`{` + hi + `, "functions": [{"name": "f"}]}`, "functions", "which has replaced them"},
		{`{` + hi + `, "tool_choice": "required"}`, "tool_choice", "without tools"},
		{`{` + hi + `, "audio": {"voice": "a"}}`, "audio", "text only"},
		{`{` + hi + `, "modalities": ["audio"]}`, "modalities", "only \"text\""},
		{`{` + hi + `, "add_generation_prompt": true, "continue_final_message": true}`, "continue_final_message", "cannot both be true"},
		{`{` + hi + `, "tools": [{"type": "function", "function": {"name": "f"}}], "logprobs": true, "stream": true}`, "logprobs", "cannot be streamed with tools"},
		{`{` + hi + `, "continue_final_message": true}`, "continue_final_message", "not the assistant's"},
		{`{` + hi + `, "reasoning_format": "odd"}`, "reasoning_format", `is "odd"`},
		{`{` + hi + `, "reasoning_effort": "odd"}`, "reasoning_effort", `is "odd"`},
		{`{` + hi + `, "chat_template_kwargs": []}`, "chat_template_kwargs", "must be an object, is a list"},
		{`{` + hi + `, "chat_template_kwargs": {"messages": 1}}`, "chat_template_kwargs.messages", "must be given as a field of the request"},
	} {
		_, err := ParseChat([]byte(tt.body), sampler.DefaultParams())
		var e *Error
		require.True(t, errors.As(err, &e), "%.200s: %v", tt.body, err)
		require.Equal(t, tt.param, e.Param, tt.body)
		require.Contains(t, e.Message, tt.message, "%.200s", tt.body)
		require.Equal(t, TypeInvalid, e.Type)
		require.Equal(t, 400, e.Status)
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string]uint32{
		"-1": sampler.RandomSeed, "0": 0, "42": 42, "4294967294": 4294967294, "1e3": 1000,
		"4294967295": 0, "4294967296": 1, "-2": 1, "9223372036854775807": 0x80000000,
	} {
		r, err := ParseChat([]byte(`{`+hi+`, "seed": `+text+`}`), sampler.DefaultParams())
		require.NoError(t, err, text)
		require.Equal(t, want, r.Sampling.Seed, text)
	}
}

func TestBias(t *testing.T) {
	forbidden := float32(math.Inf(-1))
	for text, want := range map[string][]Bias{
		`{"5": -100, "12": 1.5}`:             {{ID: 12, Value: 1.5}, {ID: 5, Value: -100}},
		`{"word": false}`:                    {{Text: "word", Value: forbidden}},
		`[[5, 1], ["a b", false], [7, 2e1]]`: {{ID: 5, Value: 1}, {Text: "a b", Value: forbidden}, {ID: 7, Value: 20}},
		`[]`:                                 nil,
	} {
		r, err := ParseChat([]byte(`{`+hi+`, "logit_bias": `+text+`}`), sampler.DefaultParams())
		require.NoError(t, err, text)
		require.Equal(t, want, r.Bias, text)
	}
}
