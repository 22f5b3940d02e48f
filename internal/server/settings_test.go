package server

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
)

// TestSettings: what a model brings along holds where a request says nothing else, whatever
// the API.
func TestSettings(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) {
		o.System, o.Stop, o.Settings = "Be kind.", []string{"STOP"}, "temperature 0.5"
	})
	for _, tt := range []struct{ messages, want string }{
		{`[{"role": "user", "content": "Hi"}]`, "Be kind."},
		{`[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]`, "Be brief."},
		{`[{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]`, "Be brief."},
	} {
		resp, text := f.do("POST", "/apply-template", `{"messages": `+tt.messages+`}`)
		require.Equal(t, 200, resp.StatusCode, text)
		var out struct{ Prompt string }
		require.NoError(t, json.Unmarshal([]byte(text), &out))
		require.Equal(t, "<|im_start|>system\n"+tt.want+"<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", out.Prompt)
	}
	for more, want := range map[string]string{``: `"stop":["STOP"]`, `, "stop": ["x"]`: `"stop":["x"]`, `, "stop": []`: `"stop":[]`} {
		resp, text := f.do("POST", "/completion", `{"prompt": "a", "n_predict": 1`+more+`}`)
		require.Equal(t, 200, resp.StatusCode, text)
		require.Contains(t, text, want)
	}
	_, text := f.do("GET", "/props", "")
	require.Contains(t, text, `"stop":["STOP"]`)
	_, text = f.do("POST", "/api/show", `{"model": "x"}`)
	require.Contains(t, text, `"system":"Be kind."`)
	require.Contains(t, text, `"parameters":"temperature 0.5"`)
}
