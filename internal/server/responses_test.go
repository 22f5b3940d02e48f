package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

const askResponse = `"input": "Tell me", "instructions": "s", "temperature": 0`

// TestResponses checks that streamed and complete answers have the same content, and that a chat
// has this content, too. The events must have the order and the numbers that clients rely on.
func TestResponses(t *testing.T) {
	f := setup(t, nil)
	want := f.post("/v1/chat/completions", `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Tell me"}], "temperature": 0, "max_tokens": 12}`, 200)
	whole := f.post("/v1/responses", `{`+askResponse+`, "max_output_tokens": 12}`, 200)
	require.Equal(t, "response", whole["object"])
	require.Equal(t, "incomplete", whole["status"])
	require.Equal(t, "max_output_tokens", at(whole, "incomplete_details.reason"))
	require.Equal(t, "s", whole["instructions"])
	require.Equal(t, "message", at(whole, "output.0.type"))
	require.Equal(t, "output_text", at(whole, "output.0.content.0.type"))
	require.Equal(t, []any{}, at(whole, "output.0.content.0.annotations"))
	said := at(whole, "output.0.content.0.text")
	require.Equal(t, at(want, "choices.0.message.content"), said)
	require.Equal(t, at(want, "usage.prompt_tokens"), at(whole, "usage.input_tokens"))
	require.Equal(t, 12.0, at(whole, "usage.output_tokens"))
	require.Positive(t, at(whole, "usage.input_tokens_details.cached_tokens"))

	_, text := f.do("POST", "/v1/responses", `{`+askResponse+`, "max_output_tokens": 12, "stream": true}`)
	names, data := named(t, text)
	n, got := len(names), ""
	require.Equal(t, []string{
		"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
	}, names[:5])
	require.Equal(t, []string{
		"response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.incomplete",
	}, names[n-5:])
	id := at(data[2], "item.id")
	for i, o := range data {
		require.Equal(t, float64(i), o["sequence_number"])
		if names[i] == "response.output_text.delta" {
			got += o["delta"].(string)
		}
		if i > 2 && i < n-1 {
			require.Equal(t, 0.0, o["output_index"])
		}
		if item, ok := o["item_id"]; ok {
			require.Equal(t, id, item)
			require.Equal(t, 0.0, o["content_index"])
		}
	}
	require.Equal(t, said, got)
	require.Equal(t, said, data[n-4]["text"])
	last := data[n-1]["response"].(map[string]any)
	require.Equal(t, at(data[0], "response.id"), last["id"])
	require.Equal(t, id, at(last, "output.0.id"))
	require.Equal(t, said, at(last, "output.0.content.0.text"))
	require.Equal(t, whole["incomplete_details"], last["incomplete_details"])
	require.Equal(t, 12.0, at(last, "usage.output_tokens"))

	stop := string([]rune(said.(string))[3])
	done := f.post("/v1/responses", `{`+askResponse+`, "max_output_tokens": 12, "stop": [`+quote(t, stop)+`], "top_logprobs": 2}`, 200)
	require.Equal(t, "completed", done["status"])
	require.Nil(t, done["incomplete_details"])
	require.Len(t, at(done, "output.0.content.0.logprobs.0.top_logprobs"), 2)

	_, text = f.do("POST", "/v1/responses", `{`+askResponse+`, "max_output_tokens": 12, "stream": true, "return_progress": true, "timings_per_token": true, "cache_prompt": false}`)
	names, data = named(t, text)
	progress, timed := 0, 0
	for i, o := range data {
		require.Equal(t, float64(i), o["sequence_number"])
		if o["prompt_progress"] != nil {
			require.Equal(t, "response.in_progress", names[i])
			require.Contains(t, o, "response")
			require.Equal(t, at(o, "prompt_progress.processed"), at(o, "timings.prompt_n"))
			progress++
		}
		if names[i] == "response.output_text.delta" {
			require.Positive(t, at(o, "timings.predicted_n"))
			timed++
		}
	}
	require.Positive(t, progress)
	require.Positive(t, timed)
	require.Equal(t, 12.0, at(data[len(data)-1], "timings.predicted_n"))

	o := f.post("/v1/responses/input_tokens", `{`+askResponse+`}`, 200)
	require.Equal(t, at(want, "usage.prompt_tokens"), o["input_tokens"])
	resp, text := f.do("GET", "/v1/responses/resp_1", "")
	require.Equal(t, 404, resp.StatusCode)
	require.Contains(t, text, "keeps no responses")
	resp, _ = f.do("GET", "/v1/responses", "")
	require.Equal(t, 405, resp.StatusCode)
}

func quote(t testing.TB, text string) string {
	b, err := encode(text)
	require.NoError(t, err)
	return string(b)
}

// TestResponsesThinking checks that thinking is an item of its own, before the message.
func TestResponsesThinking(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	thinker, err := chat.FromModel(`{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant: <think>{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = thinker })
	whole := f.post("/v1/responses", `{`+askResponse+`, "max_output_tokens": 5}`, 200)
	require.Equal(t, "reasoning", at(whole, "output.0.type"))
	require.Equal(t, []any{}, at(whole, "output.0.summary"))
	require.Equal(t, "reasoning_text", at(whole, "output.0.content.0.type"))
	require.Positive(t, at(whole, "usage.output_tokens_details.reasoning_tokens"))
	_, text := f.do("POST", "/v1/responses", `{`+askResponse+`, "max_output_tokens": 5, "stream": true}`)
	names, _ := named(t, text)
	require.Equal(t, []string{"response.output_item.added", "response.content_part.added", "response.reasoning_text.delta"}, names[2:5])
}

// TestResponsesCalls checks that a call is an item, in streamed and complete answers, and that its
// result can be sent back.
func TestResponsesCalls(t *testing.T) {
	f := withTemplate(t, hermes)
	body := `{"input": "Tell me", "seed": 7, "max_output_tokens": 300, "tools": [{"type": "function", "name": "weather", "description": "d", "strict": true, "parameters": ` + parameters + `}]`
	for _, choice := range []string{`"required"`, `{"type": "function", "name": "weather"}`, `{"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "weather"}]}`} {
		o := f.post("/v1/responses", body+`, "tool_choice": `+choice+`}`, 200)
		require.Equal(t, "completed", o["status"], "%v", o)
		require.Len(t, o["output"], 1)
		item := at(o, "output.0").(map[string]any)
		require.Equal(t, "function_call", item["type"])
		require.Equal(t, "completed", item["status"])
		require.Equal(t, "weather", item["name"])
		require.Regexp(t, "^call_", item["call_id"])
		require.Regexp(t, "^fc_", item["id"])
		require.NotContains(t, item, "content")
		checkWeather(t, item["arguments"])

		_, text := f.do("POST", "/v1/responses", body+`, "stream": true, "tool_choice": `+choice+`}`)
		names, data := named(t, text)
		n, args := len(names), ""
		require.Equal(t, []string{"response.created", "response.in_progress", "response.output_item.added", "response.function_call_arguments.delta"}, names[:4])
		require.Equal(t, []string{"response.function_call_arguments.done", "response.output_item.done", "response.completed"}, names[n-3:])
		require.Equal(t, "", at(data[2], "item.arguments"))
		for i, d := range data {
			require.Equal(t, float64(i), d["sequence_number"])
			if names[i] == "response.function_call_arguments.delta" {
				args += d["delta"].(string)
				require.Equal(t, at(data[2], "item.id"), d["item_id"])
				require.NotContains(t, d, "content_index")
			}
		}
		require.Equal(t, item["arguments"], args)
		require.Equal(t, args, data[n-3]["arguments"])
		require.Equal(t, args, at(data[n-1], "response.output.0.arguments"))
	}
	o := f.post("/v1/responses", `{"input": [{"role": "user", "content": "Tell me"}, {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
		{"type": "function_call_output", "call_id": "c1", "output": "rain"}], "max_output_tokens": 3}`, 200)
	require.Equal(t, "message", at(o, "output.0.type"))
	refused := f.post("/v1/responses", `{"input": "a", "tools": [{"type": "function", "name": "a b"}]}`, 400)
	require.Equal(t, "tools[0].name", at(refused, "error.param"))
}
