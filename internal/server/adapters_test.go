package server

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

// TestAdapters checks the scales in requests and the default scales of the server.
func TestAdapters(t *testing.T) {
	base := loadModel(t, testmodel.SPM(1))
	m := base
	for i, scale := range []float32{1, 0} {
		a := testmodel.AdapterSpec{Seed: uint64(i), Rank: 2, Part: 0.5}.Make(base.File)
		a.Path, a.Task = fmt.Sprintf("adapter%d.gguf", i), "summaries"
		var err error
		m, err = m.WithLoRA(a, scale)
		require.NoError(t, err)
	}
	f := setupModel(t, m, func(e *engine.Options, _ *Options) { e.Parallel = 4 })
	plain := setupModel(t, base, nil)
	ask := func(f *fixture, lora string) string {
		body := `{"prompt": "the llama", "max_tokens": 12, "temperature": 0` + lora + `}`
		return at(f.post("/v1/completions", body, http.StatusOK), "choices.0.text").(string)
	}
	_, text := f.do("GET", "/lora-adapters", "")
	require.JSONEq(t, `[{"id": 0, "path": "adapter0.gguf", "scale": 1, "task_name": "summaries", "prompt_prefix": ""},
		{"id": 1, "path": "adapter1.gguf", "scale": 0, "task_name": "summaries", "prompt_prefix": ""}]`, text)
	first, second, both := ask(f, `, "lora": [{"id": 0, "scale": 1}]`), ask(f, `, "lora": [{"id": 1, "scale": 1}]`), ask(f, `, "lora": [{"id": 1, "scale": 1}, {"id": 0, "scale": 1}]`)
	none := ask(plain, "")
	require.Len(t, map[string]bool{first: true, second: true, both: true, none: true}, 4)
	require.Equal(t, first, ask(f, ""))
	require.Equal(t, first, ask(f, `, "lora": []`))
	require.Equal(t, none, ask(f, `, "lora": [{"id": 0, "scale": 0}]`))
	require.Equal(t, none, ask(f, `, "lora": [{"id": 1}]`))

	require.JSONEq(t, `{"success": true}`, func() string {
		_, text := f.do("POST", "/lora-adapters", `[{"id": 1, "scale": 1.0}]`)
		return text
	}())
	require.Equal(t, second, ask(f, ""))
	_, text = f.do("GET", "/lora-adapters", "")
	require.Contains(t, text, `"path":"adapter0.gguf","scale":0`)

	var wait sync.WaitGroup // requests with different scales at the same time
	for range 3 {
		for want, lora := range map[string]string{first: `[{"id": 0, "scale": 1}]`, second: `[{"id": 1, "scale": 1}]`, none: `[{"id": 0}]`} {
			wait.Go(func() { require.Equal(t, want, ask(f, `, "lora": `+lora)) })
		}
	}
	wait.Wait()

	for body, want := range map[string]string{
		`{"id": 0}`:                 "the request must be a list of objects with \"id\" and \"scale\", is an object",
		`[{"id": 2, "scale": 1}]`:   "adapter 2 does not exist: the server has 2 (--lora)",
		`[{"scale": 1}]`:            "is missing: it must be the number of an adapter",
		`[{"id": 0, "scale": "a"}]`: "must be a number, is a string",
		`[{"id": 0, "scale": 1e9}]`: "must be between -1e+06 and 1e+06",
		`[3]`:                       "must be an object, is a number",
	} {
		require.Contains(t, at(f.post("/lora-adapters", body, http.StatusBadRequest), "error.message"), want)
	}
	require.Equal(t, "lora", at(f.post("/v1/completions", `{"prompt": "a", "lora": [{"id": 7}]}`, http.StatusBadRequest), "error.param"))
	require.Equal(t, "lora[0].id", at(f.post("/v1/completions", `{"prompt": "a", "lora": [{"id": -7}]}`, http.StatusBadRequest), "error.param"))
	require.Contains(t, at(plain.post("/v1/completions", `{"prompt": "a", "lora": [{"id": 0}]}`, http.StatusBadRequest), "error.message"), "the server has 0")
	_, text = plain.do("GET", "/lora-adapters", "")
	require.JSONEq(t, `[]`, text)
}
