package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

const askClaude = `"messages": [{"role": "user", "content": "Tell me"}], "temperature": 0, "system": "s"`

// named returns the names and the data of a stream's events.
func named(t testing.TB, text string) (names []string, data []map[string]any) {
	t.Helper()
	for event := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		name, rest, ok := strings.Cut(event, "\n")
		require.True(t, ok && strings.HasPrefix(name, "event: ") && strings.HasPrefix(rest, "data: "), "%q", event)
		o := object(t, strings.TrimPrefix(rest, "data: "))
		require.Equal(t, strings.TrimPrefix(name, "event: "), o["type"])
		names, data = append(names, o["type"].(string)), append(data, o)
	}
	return names, data
}

// TestMessages checks that both ways of asking get the same, and that it is what OpenAI's
// form gets.
func TestMessages(t *testing.T) {
	f := setup(t, nil)
	openAI := f.post("/v1/chat/completions", `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Tell me"}], "temperature": 0, "max_tokens": 12}`, 200)
	whole := f.post("/v1/messages", `{`+askClaude+`, "max_tokens": 12}`, 200)
	require.Equal(t, "message", whole["type"])
	require.Equal(t, "assistant", whole["role"])
	require.True(t, strings.HasPrefix(whole["id"].(string), "msg_"))
	require.Equal(t, "text", at(whole, "content.0.type"))
	require.Equal(t, at(openAI, "choices.0.message.content"), at(whole, "content.0.text"))
	require.Nil(t, whole["stop_sequence"])
	require.Equal(t, at(openAI, "usage.prompt_tokens"), at(whole, "usage.input_tokens").(float64)+at(whole, "usage.cache_read_input_tokens").(float64))
	require.Positive(t, at(whole, "usage.cache_read_input_tokens"), "asked before")

	_, text := f.do("POST", "/v1/messages", `{`+askClaude+`, "max_tokens": 12, "stream": true}`)
	names, data := named(t, text)
	said := ""
	for _, o := range data {
		if s, ok := at(o, "delta.text").(string); ok {
			said += s
		}
	}
	require.Equal(t, at(whole, "content.0.text"), said)
	require.Equal(t, []string{"message_start", "content_block_start", "content_block_delta"}, names[:3])
	n := len(names)
	require.Equal(t, []string{"content_block_stop", "message_delta", "message_stop"}, names[n-3:])
	require.Equal(t, whole["stop_reason"], at(data[n-2], "delta.stop_reason"))
	require.Equal(t, at(whole, "usage.output_tokens"), at(data[n-2], "usage.output_tokens"))
	require.Empty(t, at(data[0], "message.content"))
	require.NotNil(t, at(data[0], "message.content"))

	stop := string([]rune(said)[3])
	if stop == `"` || stop == `\` {
		stop = `\` + stop
	}
	cut := f.post("/v1/messages", `{`+askClaude+`, "max_tokens": 12, "stop_sequences": ["`+stop+`"]}`, 200)
	require.Equal(t, "stop_sequence", cut["stop_reason"])
	require.Equal(t, stop, cut["stop_sequence"])

	o := f.post("/v1/messages/count_tokens", `{`+askClaude+`}`, 200)
	require.Equal(t, at(openAI, "usage.prompt_tokens"), o["input_tokens"])
}

// TestMessagesThinking checks that a thought is a block of its own.
func TestMessagesThinking(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	thinker, err := chat.FromModel(`{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant: <think>{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = thinker })
	whole := f.post("/v1/messages", `{`+askClaude+`, "max_tokens": 5}`, 200)
	require.Len(t, whole["content"], 1)
	require.Equal(t, "thinking", at(whole, "content.0.type"))
	require.Equal(t, "", at(whole, "content.0.signature"))
	_, text := f.do("POST", "/v1/messages", `{`+askClaude+`, "max_tokens": 5, "stream": true}`)
	_, data := named(t, text)
	require.Equal(t, "thinking", at(data[1], "content_block.type"))
	require.Equal(t, "signature_delta", at(data[len(data)-4], "delta.type"))
}

func TestMessagesErrors(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Keys = []string{"k"} })
	resp, text := f.do("POST", "/v1/messages", `{`+askClaude+`}`)
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, "authentication_error", at(object(t, text), "error.type"))
	resp, text = f.do("POST", "/v1/messages", `{"max_tokens": 5}`, "X-Api-Key", "k")
	require.Equal(t, 400, resp.StatusCode)
	o := object(t, text)
	require.Equal(t, "error", o["type"])
	require.Equal(t, "invalid_request_error", at(o, "error.type"))
	require.Contains(t, at(o, "error.message"), "messages: is missing")
	require.Equal(t, resp.Header.Get("Request-Id"), o["request_id"])
	resp, text = f.do("POST", "/v1/messages", `{"messages": [{"role": "user", "content": "`+strings.Repeat("abc ", 200)+`"}]}`, "X-Api-Key", "k")
	require.Equal(t, 400, resp.StatusCode)
	require.Equal(t, "invalid_request_error", at(object(t, text), "error.type"))
}
