package server

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNative(t *testing.T) {
	f := setup(t, nil)
	const body = `{"prompt": "abc", "n_predict": 8, "seed": 3, "ignore_eos": true, "n_probs": 2, "logit_bias": [[5, false], ["a", 1]], "return_tokens": true`
	for _, path := range []string{"/completion", "/completions"} {
		whole := f.post(path, body+`}`, 200)
		require.Equal(t, true, whole["stop"])
		require.Equal(t, "limit", whole["stop_type"])
		require.Equal(t, 8.0, whole["tokens_predicted"])
		require.Equal(t, "<s> abc", whole["prompt"])
		require.Equal(t, 3.0, at(whole, "generation_settings.seed"))
		require.Equal(t, 8.0, at(whole, "generation_settings.n_predict"))
		require.Nil(t, at(whole, "generation_settings.logit_bias.0.bias"), "never")
		require.Len(t, whole["tokens"], 8)
		require.Len(t, whole["completion_probabilities"], 8)
		require.Len(t, at(whole, "completion_probabilities.0.top_logprobs"), 2)
		require.Equal(t, 8.0, at(whole, "timings.predicted_n"))

		_, text := f.do("POST", path, body+`, "stream": true}`)
		content, last := "", map[string]any{}
		for _, data := range eventsOf(t, text) {
			last = object(t, data)
			content += last["content"].(string)
		}
		require.Equal(t, whole["content"], content)
		require.Equal(t, true, last["stop"])
		require.Equal(t, "", last["content"])
		require.Equal(t, whole["generation_settings"].(map[string]any)["seed"], at(last, "generation_settings.seed"))
	}
}

func TestNativeForms(t *testing.T) {
	f := setup(t, nil)
	resp, text := f.do("POST", "/completion", `{"prompt": ["a", [5, "b"]], "n_predict": 1}`)
	require.Equal(t, 200, resp.StatusCode, text)
	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	require.Len(t, list, 2)
	require.Equal(t, 1.0, list[1]["index"])

	o := f.post("/completion", `{"prompt": "a", "n_predict": 1, "response_fields": ["content", "timings/predicted_n", "no/such"]}`, 200)
	require.Len(t, o, 2)
	require.Equal(t, 1.0, o["timings/predicted_n"])

	o = f.post("/completion", `{"prompt": "", "n_predict": 1}`, 200)
	require.Equal(t, 1.0, o["tokens_evaluated"], "BOS")

	word := f.post("/completion", `{"prompt": "abc", "n_predict": 30, "temperature": 0, "ignore_eos": true}`, 200)
	stop := string([]rune(word["content"].(string))[3])
	quoted, _ := json.Marshal(stop)
	o = f.post("/completion", `{"prompt": "abc", "n_predict": 30, "temperature": 0, "ignore_eos": true, "stop": [`+string(quoted)+`]}`, 200)
	require.Equal(t, "word", o["stop_type"])
	require.Equal(t, stop, o["stopping_word"])
	before, _, _ := strings.Cut(word["content"].(string), stop)
	require.Equal(t, before, o["content"])
}

// TestSampledProbs checks the probabilities after the samplers: only tokens that could be drawn
// are listed.
func TestSampledProbs(t *testing.T) {
	f := setup(t, nil)
	const body = `{"prompt": "abc", "n_predict": 12, "seed": 3, "ignore_eos": true, "n_probs": 10, "post_sampling_probs": true, "min_p": 0, "top_p": 1`
	for _, tt := range []struct {
		more string
		left int
	}{{`, "top_k": 4`, 4}, {`, "top_k": 1`, 1}, {`, "temperature": 0`, 1}, {`, "top_k": 40, "temperature": 1.5`, 10}, {`, "mirostat": 2, "top_k": 3`, 10}} {
		o := f.post("/completion", body+tt.more+`}`, 200)
		list := o["completion_probabilities"].([]any)
		require.Len(t, list, 12)
		for _, one := range list {
			require.NotContains(t, one, "logprob")
			require.NotContains(t, one, "top_logprobs")
			p, top := at(one, "prob").(float64), at(one, "top_probs").([]any)
			require.Greater(t, p, 0.0)
			require.LessOrEqual(t, len(top), tt.left)
			sum, found, last := 0.0, false, 1.0
			for _, other := range top {
				q := at(other, "prob").(float64)
				require.Greater(t, q, 0.0)
				require.LessOrEqual(t, q, last, "best first")
				sum, last = sum+q, q
				if at(other, "id") == at(one, "id") {
					found = true
					require.Equal(t, p, q)
				}
			}
			if len(top) < 10 {
				require.True(t, found)
				require.InDelta(t, 1, sum, 1e-5)
			}
		}
		_, text := f.do("POST", "/completion", body+tt.more+`, "stream": true}`)
		var streamed []any
		for _, data := range eventsOf(t, text) {
			part, _ := object(t, data)["completion_probabilities"].([]any)
			streamed = append(streamed, part...)
		}
		require.Equal(t, list, streamed)
	}
	o := f.post("/completion", `{"prompt": "abc", "n_predict": 2, "post_sampling_probs": true}`, 200)
	require.NotContains(t, o, "completion_probabilities", "the request does not ask for probabilities")
}

// TestManyPrompts checks a request with more prompts than the server answers at once.
func TestManyPrompts(t *testing.T) {
	f := setup(t, nil)
	prompts := strings.TrimSuffix(strings.Repeat(`"abc",`, 30), ",")
	o := f.post("/v1/completions", `{"prompt": [`+prompts+`], "max_tokens": 3, "temperature": 0, "ignore_eos": true}`, 200)
	list := o["choices"].([]any)
	require.Len(t, list, 30)
	for i, c := range list {
		require.Equal(t, float64(i), at(c, "index"))
		require.Equal(t, at(list[0], "text"), at(c, "text"))
	}
	require.Equal(t, 90.0, at(o, "usage.completion_tokens"))
}
