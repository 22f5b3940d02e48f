package server

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/grammar"
	"alpaca/internal/testmodel"
)

const person = `{"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "minimum": 0, "maximum": 99}}, "required": ["name", "age"], "additionalProperties": false}`

// checkPerson checks that a text satisfies the schema above.
func checkPerson(t *testing.T, text any) {
	t.Helper()
	s, ok := text.(string)
	require.True(t, ok, "%v", text)
	var p struct {
		Name *string
		Age  *int
	}
	require.NoError(t, json.Unmarshal([]byte(s), &p), s)
	require.NotNil(t, p.Name, s)
	require.NotNil(t, p.Age, s)
	require.LessOrEqual(t, len([]rune(*p.Name)), 5)
	require.True(t, *p.Age >= 0 && *p.Age <= 99, s)
	require.Regexp(t, `^\{\s*"name"`, s, "properties must be in the order of the schema")
}

// TestForms checks that an answer has the requested form, with every API and every kind of
// request. The model has never seen JSON.
func TestForms(t *testing.T) {
	f := setup(t, nil)
	for _, tt := range []struct{ path, body, at string }{
		{"/v1/chat/completions", `{` + question + `, "max_tokens": 200, "response_format": {"type": "json_schema", "json_schema": {"name": "p", "strict": true, "schema": ` + person + `}}}`, "choices.0.message.content"},
		{"/v1/chat/completions", `{` + question + `, "max_tokens": 200, "json_schema": ` + person + `}`, "choices.0.message.content"},
		{"/v1/completions", `{"prompt": "abc", "seed": 3, "max_tokens": 200, "response_format": {"type": "json_object", "schema": ` + person + `}}`, "choices.0.text"},
		{"/completion", `{"prompt": "abc", "seed": 3, "n_predict": 200, "json_schema": ` + person + `}`, "content"},
		{"/api/chat", `{` + askLlama + `, "stream": false, "format": ` + person + `}`, "message.content"},
		{"/api/generate", `{"prompt": "abc", "stream": false, "format": ` + person + `}`, "response"},
	} {
		if tt.path == "/api/chat" {
			tt.body = regexp.MustCompile(`"num_predict": 12`).ReplaceAllString(tt.body, `"num_predict": 200, "seed": 3`)
		}
		checkPerson(t, at(f.post(tt.path, tt.body, 200), tt.at))
	}
	o := f.post("/completion", `{"prompt": "abc", "seed": 3, "n_predict": 50, "grammar": "root ::= \"x\" [0-9]{3}"}`, 200)
	require.Regexp(t, `^x[0-9]{3}$`, o["content"])
	require.Equal(t, "eos", o["stop_type"])
	o = f.post("/completion", `{"prompt": "abc", "seed": 3, "n_predict": 50, "json_schema": {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "maxItems": 3}, "whitespace": "compact"}`, 200)
	require.Regexp(t, `^\[(true|false),(true|false),(true|false)\]$`, o["content"])
}

// TestLazyForm checks that a lazy grammar applies from its trigger on, and that the trigger may
// come in pieces.
func TestLazyForm(t *testing.T) {
	f := setup(t, nil)
	free := f.post("/completion", `{"prompt": "abc", "seed": 3, "n_predict": 60, "ignore_eos": true}`, 200)["content"].(string)
	word := regexp.MustCompile(`[a-z]{2}`).FindString(free[4:])
	require.NotEmpty(t, word, free)
	body, err := json.Marshal(map[string]any{
		"prompt": "abc", "seed": 3, "n_predict": 60, "ignore_eos": true, "grammar": "root ::= . . \"<\" [0-9]+ \">\"", "grammar_lazy": true,
		"grammar_triggers": []any{map[string]any{"type": 1, "value": word}},
	})
	require.NoError(t, err)
	got := f.post("/completion", string(body), 200)["content"].(string)
	require.Regexp(t, `(?s)^.*`+regexp.QuoteMeta(word)+`<[0-9]+>?$`, got)
}

// TestFormErrors checks that the error about a form that cannot be enforced names the field.
func TestFormErrors(t *testing.T) {
	f := setup(t, nil)
	for _, tt := range []struct{ body, param, message string }{
		{`"grammar": "root ::= \"a"`, "grammar", "line 1, column"},
		{`"grammar": "root ::= x"`, "grammar", "x"},
		{`"json_schema": {"type": "object", "uniqueItems": true, "properties": {"a": {"type": "array", "uniqueItems": true, "items": {}}}}`, "json_schema", "#/properties/a"},
		{`"json_schema": {"type": "nothing"}`, "json_schema", "#/type"},
		{`"json_schema": {"type": "string", "enum": [5]}`, "json_schema", "no value satisfies"},
		{`"response_format": {"type": "json_schema", "json_schema": {"strict": true, "schema": {"type": "object", "properties": {"a": {"properties": {}}}, "additionalProperties": false}}}`, "response_format", "#/properties/a: strict"},
		{`"grammar": "root ::= \"a\"", "grammar_lazy": true, "grammar_triggers": [{"type": 2, "value": "("}]`, "grammar_triggers[0].value", "missing closing"},
		{`"grammar": "root ::= \"a\"", "grammar_lazy": true, "grammar_triggers": [{"type": 0, "token": 999999}]`, "grammar_triggers[0].token", "the vocabulary has"},
	} {
		o := f.post("/v1/chat/completions", `{`+question+`, "max_tokens": 5, `+tt.body+`}`, 400)
		require.Equal(t, tt.param, at(o, "error.param"), tt.body)
		require.Contains(t, at(o, "error.message"), tt.message, tt.body)
	}
	resp, _ := f.do("POST", "/completion", `{"prompt": "a", "n_predict": 5, "lenient": true, "json_schema": {"type": "array", "uniqueItems": true}}`)
	require.Equal(t, 200, resp.StatusCode)
	require.Contains(t, resp.Header.Get("X-Alpaca-Warning"), "uniqueItems")
}

// thinker returns a server whose template begins the thinking. Its model
// has a token that ends the thinking; end is the number of this token.
func thinker(t *testing.T) (f *fixture, end int) {
	const id = 300
	m := testmodel.SPM(1)
	var tokens []string
	var types []int32
	for _, kv := range m.KV {
		switch kv.Key {
		case "tokenizer.ggml.tokens":
			tokens, _ = kv.Value.Strings()
		case "tokenizer.ggml.token_type":
			types, _ = kv.Value.Ints()
		}
	}
	const userDefined = 4
	tokens[id], types[id] = "</think>", userDefined
	loaded := loadModel(t, m.Set("tokenizer.ggml.tokens", gguf.Strs(tokens)).Set("tokenizer.ggml.token_type", gguf.I32s(types)))
	f = setupModel(t, loaded, func(e *engine.Options, o *Options) {
		e.Ctx, e.Blocks = 1024, 128
		var err error
		o.Template, err = chat.FromModel(hermes+`<think>{# </think> #}`, loaded.Tokenizer)
		require.NoError(t, err)
	})
	return f, id
}

// TestThoughtfulForm checks that a form applies only after the thinking. In streamed and complete
// answers, thinking and content must not be mixed.
func TestThoughtfulForm(t *testing.T) {
	f, end := thinker(t)
	schema := `"response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": ` + person + `}}`
	all := ""
	for seed := range 4 {
		body := fmt.Sprintf(`{"messages": [{"role": "user", "content": "a"}], "max_tokens": 400, "seed": %d, "logit_bias": {"%d": 4}, `, seed, end)
		o := f.post("/v1/chat/completions", body+schema+`}`, 200)
		checkPerson(t, at(o, "choices.0.message.content"))
		thought, _ := at(o, "choices.0.message.reasoning_content").(string)
		require.NotContains(t, thought, "think>")
		all += thought
		require.Equal(t, "stop", at(o, "choices.0.finish_reason"))

		_, stream := f.do("POST", "/v1/chat/completions", body+schema+`, "stream": true}`)
		said, thoughts := "", ""
		for _, data := range eventsOf(t, stream) {
			var chunk map[string]any
			if json.Unmarshal([]byte(data), &chunk) != nil {
				continue
			}
			if c, ok := at(chunk, "choices.0.delta.content").(string); ok {
				said += c
			}
			if r, ok := at(chunk, "choices.0.delta.reasoning_content").(string); ok {
				require.Empty(t, said, "the answer must not begin before the thoughts end")
				thoughts += r
			}
		}
		require.Equal(t, at(o, "choices.0.message.content"), said)
		require.Equal(t, thought, thoughts)

		o = f.post("/v1/chat/completions", body+oneTool+`, "tool_choice": {"type": "function", "function": {"name": "weather"}}}`, 200)
		checkWeather(t, at(o, "choices.0.message.tool_calls.0.function.arguments"))
		require.Equal(t, "tool_calls", at(o, "choices.0.finish_reason"))
	}
	require.NotEmpty(t, all)
	// If the thinking does not end, the content is empty.
	o := f.post("/v1/chat/completions", `{"messages": [{"role": "user", "content": "a"}], "max_tokens": 5, "logit_bias": {"300": -100}, `+schema+`}`, 200)
	require.Equal(t, "", at(o, "choices.0.message.content"))
	require.NotEmpty(t, at(o, "choices.0.message.reasoning_content"))
	require.Equal(t, "length", at(o, "choices.0.finish_reason"))
}

// TestNoAnswer checks that a request that forbids all tokens is the client's error, not the
// server's.
func TestNoAnswer(t *testing.T) {
	f := setup(t, nil)
	var bias [][2]any
	for id := range f.engine.Model().Tokenizer.Len() {
		bias = append(bias, [2]any{id, false})
	}
	body, err := json.Marshal(map[string]any{"prompt": "a", "n_predict": 4, "grammar": `root ::= "ab"`, "logit_bias": bias})
	require.NoError(t, err)
	resp, text := f.do("POST", "/completion", string(body))
	require.Equal(t, 400, resp.StatusCode, text)
	require.Contains(t, text, "form_not_possible")
	require.Equal(t, 400, f.s.asError(nil, fmt.Errorf("x: %w", grammar.ErrTooAmbiguous)).Status)
}
