package server

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/sampler"
)

// TestSettings checks that a model's own settings are the defaults of requests, with every API.
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

// TestEverySetting changes each parameter of the sampler, one after the other. The settings that
// the server reports must set this parameter when they are sent as a request. So a new parameter
// cannot be forgotten in the report or in the parsing of requests.
func TestEverySetting(t *testing.T) {
	f := setup(t, nil)
	defaults := sampler.DefaultParams()
	defaults.Seed = 7
	kind := reflect.TypeFor[sampler.Params]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		if name == "Ctx" || name == "LogitBias" { // the engine sets Ctx; LogitBias is parsed separately, because it may have texts
			continue
		}
		set := false
		for _, value := range []any{float32(1.5), float32(0.5), 1, uint32(1), true, []string{"x"}, []sampler.Name{sampler.TopK}} {
			want := defaults
			field := reflect.ValueOf(&want).Elem().Field(i)
			if field.Type() != reflect.TypeOf(value) {
				continue
			}
			field.Set(reflect.ValueOf(value))
			told := f.s.settings(&openai.Generation{Sampling: want}, want.Seed)
			for _, key := range []string{"n", "max_tokens", "n_predict", "logit_bias", "model"} {
				delete(told, key)
			}
			told["prompt"] = "a"
			body, err := json.Marshal(told)
			require.NoError(t, err)
			r, err := openai.ParseCompletion(body, defaults, true)
			set = set || err == nil && reflect.DeepEqual(want, r.Sampling)
		}
		require.True(t, set, "%s is missing in Numbers (internal/sampler/params.go) or, if it is not a number, in readSampling (internal/openai/generation.go) and settings (internal/server/native.go)", name)
	}
}
