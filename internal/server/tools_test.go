package server

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/server/thinking"
	"alpaca/internal/testmodel"
	"alpaca/internal/toolcall"
)

const (
	parameters = `{"type": "object", "properties": {"city": {"type": "string", "maxLength": 4}, "days": {"type": "integer", "minimum": 1, "maximum": 9}}, "required": ["city", "days"], "additionalProperties": false}`
	oneTool    = `"tools": [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": ` + parameters + `}}, {"type": "function", "function": {"name": "ping"}}]`
	askTool    = `"messages": [{"role": "user", "content": "Tell me"}], "seed": 7`
)

// hermes is a short template in the form of Hermes and Qwen.
const hermes = `{% if tools %}{% for t in tools %}{{ t.function.name }} {% endfor %}<tool_call>{{ "\n" }}{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content or "" }}
{%- for c in m.tool_calls or [] %}<tool_call>{{ {"name": c.function.name, "arguments": c.function.arguments} | tojson }}</tool_call>{% endfor %}{{ "\n" }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}`

// withTemplate returns a server with the chat template text. "" stands for a template without
// tools.
func withTemplate(t testing.TB, text string) *fixture {
	m := loadModel(t, testmodel.SPM(1))
	return setup(t, func(e *engine.Options, o *Options) {
		e.Ctx, e.Blocks = 4096, 512
		if text != "" {
			var err error
			o.Template, err = chat.FromModel(text, m.Tokenizer)
			require.NoError(t, err)
		}
	})
}

// checkWeather checks the arguments of a call.
func checkWeather(t *testing.T, args any) {
	t.Helper()
	text, ok := args.(string)
	if !ok {
		b, err := json.Marshal(args)
		require.NoError(t, err)
		text = string(b)
	}
	var a struct {
		City *string
		Days *int
	}
	require.NoError(t, json.Unmarshal([]byte(text), &a), text)
	require.NotNil(t, a.City, text)
	require.NotNil(t, a.Days, text)
	require.LessOrEqual(t, len([]rune(*a.City)), 4)
	require.True(t, *a.Days >= 1 && *a.Days <= 9, text)
}

// streamedCalls joins the calls of a stream as OpenAI's clients do.
func streamedCalls(t *testing.T, text string) (calls []map[string]string, finish string) {
	t.Helper()
	list := eventsOf(t, text)
	require.Equal(t, "[DONE]", list[len(list)-1])
	for _, data := range list[:len(list)-1] {
		var chunk struct {
			Choices []struct {
				Delta struct {
					ToolCalls []struct {
						Index    *int
						ID, Type string
						Function struct{ Name, Arguments string }
					} `json:"tool_calls"`
				}
				FinishReason string `json:"finish_reason"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(data), &chunk))
		for _, c := range chunk.Choices {
			for _, call := range c.Delta.ToolCalls {
				require.NotNil(t, call.Index, data)
				if *call.Index == len(calls) {
					require.NotEmpty(t, call.ID)
					require.Equal(t, "function", call.Type)
					calls = append(calls, map[string]string{"name": call.Function.Name})
				} else {
					require.Empty(t, call.ID+call.Type+call.Function.Name, "once")
				}
				calls[*call.Index]["arguments"] += call.Function.Arguments
			}
			if c.FinishReason != "" {
				finish = c.FinishReason
			}
		}
	}
	return calls, finish
}

// TestForcedCalls checks that an answer has the call that the request requires, in streamed and
// complete answers, with and without tools in the template.
func TestForcedCalls(t *testing.T) {
	for _, template := range []string{hermes, ""} {
		f := withTemplate(t, template)
		for _, choice := range []string{`"required"`, `{"type": "function", "function": {"name": "weather"}}`} {
			body := `{` + askTool + `, ` + oneTool + `, "max_tokens": 300, "tool_choice": ` + choice
			o := f.post("/v1/chat/completions", body+`}`, 200)
			require.Equal(t, "tool_calls", at(o, "choices.0.finish_reason"), "%v", o)
			calls := at(o, "choices.0.message.tool_calls").([]any)
			require.Len(t, calls, 1)
			require.Equal(t, "function", at(calls[0], "type"))
			require.Regexp(t, `^call_[0-9A-Za-z]{24}$`, at(calls[0], "id"))
			require.Equal(t, "", at(o, "choices.0.message.content"))
			name := at(calls[0], "function.name")
			if name == "weather" || choice[0] == '{' {
				require.Equal(t, "weather", name)
				checkWeather(t, at(calls[0], "function.arguments"))
			}
			_, text := f.do("POST", "/v1/chat/completions", body+`, "stream": true}`)
			streamed, finish := streamedCalls(t, text)
			require.Equal(t, "tool_calls", finish)
			require.Equal(t, []map[string]string{{"name": name.(string), "arguments": at(calls[0], "function.arguments").(string)}}, streamed)
		}
	}
}

// TestAnthropicCalls checks calls in Anthropic's form.
func TestAnthropicCalls(t *testing.T) {
	f := withTemplate(t, hermes)
	body := `{"messages": [{"role": "user", "content": "Tell me"}], "seed": 7, "max_tokens": 300, "tools": [{"name": "weather", "input_schema": ` + parameters + `}], "tool_choice": {"type": "tool", "name": "weather"}`
	o := f.post("/v1/messages", body+`}`, 200)
	require.Equal(t, "tool_use", o["stop_reason"], "%v", o)
	require.Len(t, o["content"], 1)
	require.Equal(t, "tool_use", at(o, "content.0.type"))
	require.Equal(t, "weather", at(o, "content.0.name"))
	require.NotEmpty(t, at(o, "content.0.id"))
	checkWeather(t, at(o, "content.0.input"))
	_, text := f.do("POST", "/v1/messages", body+`, "stream": true}`)
	names, data := named(t, text)
	require.Equal(t, []string{"message_start", "content_block_start", "content_block_delta"}, names[:3])
	require.Equal(t, map[string]any{}, at(data[1], "content_block.input"))
	args := ""
	for _, d := range data {
		if part, ok := at(d, "delta.partial_json").(string); ok {
			require.Equal(t, "input_json_delta", at(d, "delta.type"))
			args += part
		}
	}
	require.JSONEq(t, args, mustJSON(t, at(o, "content.0.input")))
	require.Equal(t, "tool_use", at(data[len(data)-2], "delta.stop_reason"))
}

func mustJSON(t testing.TB, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// TestOllamaCalls checks that a call comes in one piece. Ollama's API cannot require a call, so
// the test sets a schema that leaves the model hardly any other answer.
func TestOllamaCalls(t *testing.T) {
	f := withTemplate(t, "")
	body := `{"messages": [{"role": "user", "content": "Tell me"}], "options": {"seed": 7, "num_predict": 300}, ` + oneTool + `, "format": {"const": "x"}`
	whole := f.post("/api/chat", body+`, "stream": false}`, 200)
	calls, _ := at(whole, "message.tool_calls").([]any)
	if len(calls) == 0 {
		require.Equal(t, `"x"`, at(whole, "message.content"))
	}
	for i, call := range calls {
		require.Contains(t, []any{"weather", "ping"}, at(call, "function.name"))
		require.IsType(t, map[string]any{}, at(call, "function.arguments"))
		require.EqualValues(t, i, at(call, "function.index"))
	}
	_, text := f.do("POST", "/api/chat", body+`}`)
	list := ndjson(t, text)
	require.Equal(t, true, list[len(list)-1]["done"])
	if len(calls) > 0 {
		require.Len(t, at(list[len(list)-2], "message.tool_calls"), len(calls))
	}
}

// TestToolHistory checks that calls and their results reach the prompt, through the template or as
// text.
func TestToolHistory(t *testing.T) {
	history := `"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "cold"}]`
	f := withTemplate(t, hermes)
	o := f.post("/apply-template", `{`+history+`, `+oneTool+`}`, 200)
	require.Equal(t, "weather ping <tool_call>\nuser: Q\nassistant: <tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}</tool_call>\ntool: cold\nassistant: ", o["prompt"])
	f = withTemplate(t, "")
	o = f.post("/apply-template", `{`+history+`, `+oneTool+`}`, 200)
	require.Contains(t, o["prompt"], `{"name": "weather", "description": "d", "parameters": `+parameters+`}`)
	require.Contains(t, o["prompt"], "<|im_start|>assistant\n"+`{"tool_call": {"name": "weather", "arguments": {"city": "Oslo"}}}<|im_end|>`)
	require.Contains(t, o["prompt"], "<|im_start|>user\nThe tool weather answered:\ncold<|im_end|>")
	o = f.post("/apply-template", `{`+history+`}`, 200)
	require.NotContains(t, o["prompt"], "You can call")
}

// TestFreeWithTools checks that a request with tools can get an answer without a call, and that
// parameters which cannot be enforced are an error.
func TestFreeWithTools(t *testing.T) {
	f := withTemplate(t, hermes)
	body := `{` + askTool + `, ` + oneTool + `, "max_tokens": 30, "ignore_eos": true`
	o := f.post("/v1/chat/completions", body+`}`, 200)
	require.Equal(t, "length", at(o, "choices.0.finish_reason"))
	require.Nil(t, at(o, "choices.0.message.tool_calls"))
	_, text := f.do("POST", "/v1/chat/completions", body+`, "stream": true}`)
	content, _ := streamed(t, text)
	require.Equal(t, at(o, "choices.0.message.content"), content[0])
	f.post("/v1/chat/completions", body+`, "tool_choice": "none"}`, 200)
	o = f.post("/v1/chat/completions", `{`+askTool+`, "tools": [{"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true}}}}}]}`, 400)
	require.Equal(t, "tools[0]", at(o, "error.param"))
	require.Contains(t, at(o, "error.message"), "#/properties/a")
}

// TestThoughtsAndCalls checks an answer that has thinking, text and a call, with tags and with
// channels.
func TestThoughtsAndCalls(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	call := openai.ToolCall{Type: "function", Function: openai.FunctionCall{Name: "f", Arguments: `{"a": 1}`}}
	for _, tt := range []struct {
		source, text string
		own          bool // the parser of calls also handles the thinking
	}{
		{"<think></think><tool_call>", "<think>\nhm, <tool_call>?\n</think>\n\nWell.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>", false},
		{"<|channel|><|message|>", `<|channel|>analysis<|message|>hm, <tool_call>?<|end|><|start|>assistant<|channel|>commentary<|message|>Well.<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a": 1}`, true},
	} {
		family := toolcall.Recognize(tt.source)
		require.Equal(t, tt.own, family.OwnThoughts())
		a := &answer{tok: m.Tokenizer, parser: family.Parser([]toolcall.Tool{{Name: "f"}})}
		if !tt.own {
			a.split = thinking.TagsOf(tt.source).Splitter("")
		}
		var kinds []toolcall.Kind
		see := func(p piece) {
			for _, d := range p.deltas {
				if n := len(kinds); n == 0 || kinds[n-1] != d.Kind {
					kinds = append(kinds, d.Kind)
				}
			}
			require.Len(t, p.chatDeltas(), len(p.deltas))
		}
		const plain = 300 // not a control token
		for _, r := range tt.text {
			see(a.add(event{token: &engine.Token{ID: plain, Text: string(r)}}))
		}
		see(a.add(event{result: &engine.Result{Reason: engine.EOS}}))
		require.Equal(t, "hm, <tool_call>?", a.thought.String())
		require.Equal(t, "Well.", a.text.String())
		require.Len(t, a.calls, 1)
		call.ID = a.calls[0].ID
		require.Equal(t, call, a.calls[0])
		require.Equal(t, "tool_calls", a.finish())
		require.Equal(t, []toolcall.Kind{toolcall.Reasoning, toolcall.Content, toolcall.Call, toolcall.Arguments}, kinds)
	}
}
