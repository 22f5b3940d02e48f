package server

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

// TestDrafts checks that drafts change only the server's metrics and the timings in an
// answer. The timings must have llama.cpp's fields. A request can switch drafts off.
func TestDrafts(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	f := setupModel(t, m, func(o *engine.Options, _ *Options) {
		o.Drafts = engine.Drafts{Model: m, NoLookup: true, Max: 7, Always: true} // the model drafts for itself, so all drafts are right
	})
	plain := setupModel(t, m, func(o *engine.Options, _ *Options) { o.Drafts.Off = true })
	const body = `{"prompt": "the llama", "n_predict": 33, "temperature": 0, "ignore_eos": true, "n_probs": 2, "return_tokens": true%s}`
	want := plain.post("/completion", fmt.Sprintf(body, ""), 200)
	require.NotContains(t, want["timings"], "draft_n")

	got := f.post("/completion", fmt.Sprintf(body, ""), 200)
	timings := got["timings"].(map[string]any)
	require.Equal(t, timings["draft_n"], timings["draft_n_accepted"])
	require.GreaterOrEqual(t, timings["draft_n"], 27.0)
	require.Equal(t, 33.0, timings["predicted_n"])
	for _, name := range []string{"content", "tokens", "completion_probabilities", "stop_type", "tokens_predicted"} {
		require.Equal(t, want[name], got[name], name)
	}
	_, text := f.do("GET", "/metrics", "")
	for _, line := range []string{
		fmt.Sprintf("llamacpp:spec_decode_num_draft_tokens_total %v\n", timings["draft_n"]),
		fmt.Sprintf("llamacpp:spec_decode_num_accepted_tokens_total %v\n", timings["draft_n"]),
		"llamacpp:spec_decode_num_drafts_total 4\n",
		`llamacpp:spec_decode_num_accepted_tokens_per_pos_total{position="0"} 4` + "\n",
		`llamacpp:spec_decode_num_accepted_tokens_per_pos_total{position="7"} 0` + "\n",
	} {
		require.Contains(t, text, line)
	}

	without := f.post("/completion", fmt.Sprintf(body, `, "speculative": false`), 200)
	require.NotContains(t, without["timings"], "draft_n")
	require.Equal(t, want["content"], without["content"])
	f.post("/completion", fmt.Sprintf(body, `, "speculative": 1`), 400)

	// A stream has the same fields.
	_, stream := f.do("POST", "/completion", fmt.Sprintf(body, `, "stream": true`))
	require.Contains(t, stream, `"draft_n":`)
}
