package openai

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

func TestOllamaRequests(t *testing.T) {
	p := sampler.DefaultParams()
	r, err := ParseOllama([]byte(`{"model": "m", "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "thinking": "hm"}, {"role": "user", "content": "r", "images": []}],
		"stream": false, "think": "low", "keep_alive": "5m", "format": "", "tools": [],
		"options": {"num_predict": -2, "num_ctx": 4096, "temperature": 0.5, "seed": 3, "stop": ["x"], "repeat_last_n": -1}}`), p, false)
	require.NoError(t, err)
	require.False(t, r.Stream)
	require.Equal(t, -1, r.MaxTokens)
	require.Equal(t, uint32(3), r.Sampling.Seed)
	require.Equal(t, float32(0.5), r.Sampling.Temp)
	require.Equal(t, -1, r.Sampling.RepeatLastN)
	require.Equal(t, []string{"x"}, r.Stop)
	require.JSONEq(t, `{"enable_thinking": true, "reasoning_effort": "low"}`, string(r.Kwargs))
	require.Len(t, r.Messages, 3)
	require.JSONEq(t, `{"role": "assistant", "content": "a", "reasoning_content": "hm"}`, string(r.Messages[1].Object))
	require.Equal(t, Message{Role: "user", Content: "r"}, r.Messages[2])

	r, err = ParseOllama([]byte(`{"prompt": "p", "system": "s", "think": false}`), p, true)
	require.NoError(t, err)
	require.True(t, r.Stream)
	require.Equal(t, []Message{{Role: "system", Content: "s"}, {Role: "user", Content: "p"}}, r.Messages)
	require.JSONEq(t, `{"enable_thinking": false}`, string(r.Kwargs))
	r, err = ParseOllama([]byte(`{"prompt": "p", "raw": true}`), p, true)
	require.NoError(t, err)
	require.Empty(t, r.Messages)
	require.True(t, r.Raw)
}

func TestOllamaErrors(t *testing.T) {
	for _, tt := range []struct{ body, param, message string }{
		{`{"messages": [5]}`, "messages[0]", "must be an object"},
		{`{"messages": [{"role": "king", "content": "a"}]}`, "messages[0].role", `is "king"`},
		{`{"messages": [{"role": "user", "content": "a", "images": ["x"]}]}`, "messages[0].images", "text only"},
		{`{"options": {"num_predict": -3}}`, "options.num_predict", "must be between -2"},
		{`{"options": {"temperature": "hot"}}`, "options.temperature", "must be a number"},
		{`{"options": []}`, "options", "must be an object"},
		{`{"think": 5}`, "think", "must be a boolean or a string"},
		{`{"format": "xml"}`, "format", "must be \"json\" or a schema"},
		{`{"tools": [{}]}`, "tools[0].function", "is missing"},
		{`{"template": "{{ a }}"}`, "template", "from the model alone"},
		{`{"stream": "no"}`, "stream", "must be a boolean"},
	} {
		_, err := ParseOllama([]byte(tt.body), sampler.DefaultParams(), false)
		var e *Error
		require.True(t, errors.As(err, &e), tt.body)
		require.Equal(t, tt.param, e.Param, tt.body)
		require.Contains(t, e.Message, tt.message, tt.body)
	}
}
