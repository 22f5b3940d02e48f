package openai

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
)

func TestPrompts(t *testing.T) {
	for text, want := range map[string][]Prompt{
		`"a"`:                           {{{Text: "a"}}},
		`""`:                            {{{}}},
		`[1, 2]`:                        {{{IDs: []int32{1, 2}}}},
		`[1, "a", 2, 3]`:                {{{IDs: []int32{1}}, {Text: "a"}, {IDs: []int32{2, 3}}}},
		`["a", "b"]`:                    {{{Text: "a"}}, {{Text: "b"}}},
		`{"prompt_string": "a"}`:        {{{Text: "a"}}},
		`[[1], {"prompt_string": "b"}]`: {{{IDs: []int32{1}}}, {{Text: "b"}}},
		`[[1, 2], "a", [3, "b"]]`:       {{{IDs: []int32{1, 2}}}, {{Text: "a"}}, {{IDs: []int32{3}}, {Text: "b"}}},
	} {
		r, err := ParseCompletion([]byte(`{"prompt": `+text+`}`), sampler.DefaultParams(), false)
		require.NoError(t, err, text)
		require.Equal(t, want, r.Prompts, text)
		require.Equal(t, len(want) > 1, r.List, text)
	}
	r, err := ParseCompletion([]byte(`{"prompt": "a", "n_predict": 3, "max_tokens": 5, "n_probs": 2, "response_fields": ["content"], "stop": "x"}`), sampler.DefaultParams(), true)
	require.NoError(t, err)
	require.Equal(t, 3, r.MaxTokens, "n_predict counts, and max_tokens is ignored")
	require.Equal(t, []string{"content"}, r.Fields)
	require.True(t, r.Logprobs)
	require.Equal(t, 2, r.Top)
	require.Equal(t, []string{"x"}, r.Stop)
	r, err = ParseCompletion([]byte(`{"prompt": "a", "logprobs": 0, "best_of": 1, "echo": false, "suffix": null}`), sampler.DefaultParams(), false)
	require.NoError(t, err)
	require.True(t, r.Logprobs)
}

func TestCompletionErrors(t *testing.T) {
	for _, tt := range []struct {
		body, param, message string
		native               bool
	}{
		{`{}`, "prompt", "is missing", false},
		{`{"prompt": 5}`, "prompt", "must be a string", false},
		{`{"prompt": []}`, "prompt", "is an empty list", false},
		{`{"prompt": [[]]}`, "prompt[0]", "is an empty list", false},
		{`{"prompt": [-1]}`, "prompt[0]", "the token -1 is not in the vocabulary", false},
		{`{"prompt": [1.5]}`, "prompt[0]", "must be a whole number", false},
		{`{"prompt": [1, null]}`, "prompt[0]", "must be a string or a list of tokens, is a number", false},
		{`{"prompt": [[1, true]]}`, "prompt[0][1]", "must be a token or a string", false},
		{`{"prompt": {}}`, "prompt", "prompt_string must be a string", true},
		{`{"prompt": ["a", {"prompt_string": 5}]}`, "prompt[1]", "prompt_string must be a string", true},
		{`{"prompt": {"prompt_string": "a", "multimodal_data": ["eA=="]}}`, "prompt.multimodal_data", "text only", true},
		{`{"prompt": "a", "echo": true}`, "echo", "not repeated", false},
		{`{"prompt": "a", "best_of": 2}`, "best_of", "does not compare", false},
		{`{"prompt": "a", "suffix": "b"}`, "suffix", "at their end", false},
		{`{"prompt": "a", "logprobs": 101}`, "logprobs", "must be between 0 and 100", false},
		{`{"prompt": "a", "post_sampling_probs": 1}`, "post_sampling_probs", "boolean", true},
		{`{"prompt": "a", "adaptive_target": 0.5}`, "adaptive_target", "the adaptive-p sampler is not supported", true},
		{`{"prompt": "a", "n_probs": -1}`, "n_probs", "must be between", true},
		{`{"prompt": "a", "response_fields": [1]}`, "response_fields[0]", "must be the name", true},
		{`{"prompt": "a", "t_max_predict_ms": 100}`, "t_max_predict_ms", "no time limit", true},
	} {
		_, err := ParseCompletion([]byte(tt.body), sampler.DefaultParams(), tt.native)
		var e *Error
		require.True(t, errors.As(err, &e), tt.body)
		require.Equal(t, tt.param, e.Param, tt.body)
		require.Contains(t, e.Message, tt.message, tt.body)
	}
}

func TestTokenize(t *testing.T) {
	r, err := ParseTokenize([]byte(`{"content": "a", "add_special": true, "parse_special": false, "with_pieces": true}`))
	require.NoError(t, err)
	require.Equal(t, TokenizeRequest{Content: "a", AddSpecial: true, NoSpecial: true, WithPieces: true}, r)
	_, err = ParseTokenize([]byte(`{}`))
	require.EqualError(t, err, "content: is missing: the text is needed")
	ids, err := ParseDetokenize([]byte(`{"tokens": [1, 2]}`))
	require.NoError(t, err)
	require.Equal(t, []int32{1, 2}, ids)
	_, err = ParseDetokenize([]byte(`{"tokens": ["a"]}`))
	require.EqualError(t, err, "tokens: must be numbers")
	_, err = ParseDetokenize([]byte(`{"tokens": "a"}`))
	require.EqualError(t, err, "tokens: must be a list, is a string")
}

// TestErrorJSON checks the JSON of errors, which clients parse.
func TestErrorJSON(t *testing.T) {
	b, err := json.Marshal(Invalid("n", "is 0"))
	require.NoError(t, err)
	require.JSONEq(t, `{"error": {"message": "n: is 0", "type": "invalid_request_error", "param": "n", "code": null}}`, string(b))
	b, err = json.Marshal(TooLong(9, 8))
	require.NoError(t, err)
	var e struct{ Error map[string]any }
	require.NoError(t, json.Unmarshal(b, &e))
	require.Equal(t, "context_length_exceeded", e.Error["code"])
	require.Equal(t, 9.0, e.Error["n_prompt_tokens"])
	require.Equal(t, 8.0, e.Error["n_ctx"])
	require.Contains(t, e.Error["message"], "exceeds the available context size")
	require.Contains(t, e.Error["message"], "exceeds the context window")
}

// TestNumbers checks that JSON can hold every number in an answer.
func TestNumbers(t *testing.T) {
	require.Equal(t, -9999.0, Logprob(math.Inf(-1)))
	require.Equal(t, -9999.0, Logprob(math.NaN()))
	require.Equal(t, -1.5, Logprob(-1.5))
	one := NewTimings(0, 0, 1, 0, 0)
	require.Equal(t, &Timings{PredictedN: 1}, one)
	require.Equal(t, &Timings{CacheN: 3, PromptN: 4, PromptMS: 2000, PromptPerTokenMS: 500, PromptPerSecond: 2, PredictedN: 5, PredictedMS: 1000, PredictedPerToken: 250, PredictedPerSecond: 4},
		NewTimings(3, 4, 5, 2*time.Second, time.Second))
	b, err := json.Marshal(Bytes{0, 7, 255})
	require.NoError(t, err)
	require.Equal(t, "[0,7,255]", string(b))
}

// TestOldLogprobs checks the form of logprobs in OpenAI's first API: offsets count characters, and
// a token that is a part of a character is written as bytes.
func TestOldLogprobs(t *testing.T) {
	l := Logprobs{Content: []TokenProb{
		{Token: "é", Bytes: Bytes("é"), Logprob: -1, Top: []OtherProb{{Token: "a", Bytes: Bytes("a"), Logprob: -2}, {Token: "a", Bytes: Bytes("a"), Logprob: -1}}},
		{Token: "\ufffd", Bytes: Bytes{0xc3}, Logprob: -2, Top: []OtherProb{{Token: "\ufffd", Bytes: Bytes{0xc3}, Logprob: -2}, {Token: "\ufffd", Bytes: Bytes{0xe2, 0x80}, Logprob: -3}}},
		{Token: "\ufffd", Bytes: Bytes{0xa9}, Logprob: -3},
		{Token: "b", Bytes: Bytes("b"), Logprob: -4},
	}}
	require.Equal(t, &OldLogprobs{
		Tokens: []string{"é", `bytes:\xc3`, `bytes:\xa9`, "b"}, Logprobs: []float64{-1, -2, -3, -4},
		Top: []map[string]float64{{"é": -1, "a": -1}, {`bytes:\xc3`: -2, `bytes:\xe2\x80`: -3}, {`bytes:\xa9`: -3}, {"b": -4}}, Offsets: []int{3, 4, 4, 5},
	}, l.Old(3))
}

func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		`{` + hi + `, "stop": ["a"], "logit_bias": {"1": -5, "x": false}, "seed": 3, "n": 2, "samplers": "kp"}`,
		`{"prompt": [1, "a", [2]], "n_probs": 3, "logit_bias": [[1, 2.5], ["a", false]], "max_tokens": 1e3}`,
		`{"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a"}], "tool_calls": [{"function": {"name": "f"}}]}]}`,
		`{"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}], "system": [{"type": "text", "text": "a"}], "thinking": {"type": "enabled"}}`,
		`{"tokens": [1, 2], "content": "a"}`, `[[[[`, `{"a": "\ud800", "temperature": 1e40}`,
	} {
		f.Add([]byte(seed))
	}
	params := sampler.DefaultParams()
	f.Fuzz(func(t *testing.T, data []byte) {
		known := func(err error) {
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.Status != 400 || e.Message == "") {
				t.Fatalf("%q: %v", data, err)
			}
		}
		if r, err := ParseChat(data, params); err == nil {
			sane(t, r.Generation)
			if len(r.Messages) == 0 {
				t.Fatal("no messages")
			}
		} else {
			known(err)
		}
		for _, native := range []bool{true, false} {
			r, err := ParseCompletion(data, params, native)
			if err == nil {
				sane(t, r.Generation)
				if len(r.Prompts) == 0 {
					t.Fatal("no prompts")
				}
			} else {
				known(err)
			}
		}
		_, err := ParseTemplate(data, params)
		known(err)
		for _, text := range []bool{true, false} {
			r, err := ParseOllama(data, params, text)
			if err == nil {
				sane(t, r.Generation)
			}
			known(err)
		}
		if r, err := ParseAnthropic(data, params, false); err == nil {
			sane(t, r.Generation)
			if len(r.Messages) == 0 {
				t.Fatal("no messages")
			}
		} else {
			known(err)
		}
		_, err = ParseTokenize(data)
		known(err)
		_, err = ParseDetokenize(data)
		known(err)
	})
}

// sane checks that an accepted request is within all limits, including those of the sampler.
func sane(t *testing.T, g Generation) {
	require.GreaterOrEqual(t, g.MaxTokens, -1)
	require.GreaterOrEqual(t, g.N, 1)
	require.NotContains(t, g.Stop, "")
	for _, b := range g.Bias {
		require.GreaterOrEqual(t, b.ID, int32(0))
		require.LessOrEqual(t, b.Value, float32(math.MaxFloat32))
	}
	_, err := sampler.New(g.Sampling, sampler.Vocab{N: 4})
	require.NoError(t, err)
}
