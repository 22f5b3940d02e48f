package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/server"
	"alpaca/internal/testmodel"
)

// setup returns an executor with a small model.
func setup(t testing.TB, opt engine.Options) *Executor {
	t.Helper()
	f, err := gguf.Open(testmodel.SPM(1).Write(t))
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	template, err := chat.FromModel(`{{ strftime_now('%Y') }}{% for m in messages %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	opt.Answers, opt.Queue, opt.Ctx = MaxAnswers, 1000, 512
	e, err := engine.New(m, opt)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, e.Close())
		m.Close()
	})
	return New(e, Options{Digest: strings.Repeat("ab", 32), Created: 86400 * 365, Server: server.Options{Path: "dir/tiny.gguf", Template: template}})
}

// mixed returns requests of all kinds. Many prompts have a common prefix.
func mixed(t testing.TB) (list []*Request) {
	const tool = `"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{"x":{"type":"integer"}}}}}],"tool_choice":"required"`
	system := strings.Repeat("the llama and ", 5)
	add := func(url, body string) {
		r, err := ParseRequest([]byte(fmt.Sprintf(`{"custom_id":"%d","method":"POST","url":%q,"body":%s}`, len(list), url, body)))
		require.NoError(t, err)
		list = append(list, r)
	}
	for i := range 3 {
		add("/v1/chat/completions", fmt.Sprintf(`{"messages":[{"role":"system","content":%q},{"role":"user","content":"%d"}],"max_tokens":8}`, system, i))
		add("/v1/chat/completions", fmt.Sprintf(`{"messages":[{"role":"user","content":"%d"}],"max_tokens":120,%s}`, i, tool))
		add("/v1/completions", fmt.Sprintf(`{"prompt":["%s %d","other"],"n":3,"max_tokens":5,"logprobs":2}`, system, i))
		add("/v1/responses", fmt.Sprintf(`{"instructions":%q,"input":"%d","max_output_tokens":6}`, system, i))
		add("/v1/completions", fmt.Sprintf(`{"prompt":"%s %d","max_tokens":6,"seed":%d}`, system, i, i-1))
	}
	add("/v1/completions", `{"prompt":"a","n":129}`)
	add("/v1/completions", `{"prompt":"a","n":100,"max_tokens":2}`)
	add("/v1/completions", `{"prompt":"a","stream":true}`)
	add("/v1/completions", fmt.Sprintf(`{"prompt":%q}`, strings.Repeat("a b ", 500)))
	add("/v1/chat/completions", `{}`)
	add("/v1/chat/completions", `{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"nonsense"}}}}`)
	return list
}

// all answers the requests in list and returns the lines of the results by custom_id. parallel is
// the number of requests that it answers at a time.
func all(t testing.TB, x *Executor, list []*Request, parallel int) map[string]string {
	t.Helper()
	var mu sync.Mutex
	lines := map[string]string{}
	next := make(chan *Request, len(list))
	for _, r := range list {
		next <- r
	}
	close(next)
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for r := range next {
				res, err := x.Do(context.Background(), r)
				if err != nil {
					t.Errorf("%s: %v", r.CustomID, err)
					continue
				}
				line, err := res.Line()
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				lines[r.CustomID] = string(line)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return lines
}

// TestSameBytes checks that results do not depend on the other
// requests, their order, or the size of the engine's cache.
func TestSameBytes(t *testing.T) {
	list := mixed(t)
	if testing.Short() {
		list = list[:6]
	}
	want := all(t, setup(t, engine.Options{Threads: 1, NoCache: true}), list, 1)
	var backwards []*Request
	for _, r := range list {
		backwards = append([]*Request{r}, backwards...)
	}
	for name, opt := range map[string]engine.Options{
		"usual": {Threads: 2, Parallel: 9}, "short of memory": {Threads: 1, Blocks: 18}, "small steps": {Threads: 1, Batch: 128, Target: 1},
	} {
		x := setup(t, opt)
		require.Equal(t, want, all(t, x, backwards, 9), name)
		require.Equal(t, want, all(t, x, list, 2), "%s: the results must be the same when all prompts are in the cache", name)
	}
}

// TestResults checks the fields of results.
func TestResults(t *testing.T) {
	x := setup(t, engine.Options{Threads: 1})
	list := mixed(t)
	lines := all(t, x, list, 4)
	body := func(i int) (status int, fields map[string]any) {
		r, err := ParseResult([]byte(lines[list[i].CustomID]))
		require.NoError(t, err)
		require.Equal(t, list[i].CustomID, r.CustomID)
		require.Equal(t, strings.TrimPrefix(r.ID, "batch_req_"), strings.TrimPrefix(r.Response.RequestID, "req_"))
		require.NoError(t, json.Unmarshal(r.Response.Body, &fields))
		return r.Response.Status, fields
	}
	ids := map[string]bool{}
	for i := range 15 {
		status, fields := body(i)
		require.Equal(t, 200, status, "%d: %v", i, fields)
		require.NotContains(t, fields, "timings")
		id, _ := fields["id"].(string)
		require.NotContains(t, ids, id)
		ids[id] = true
		created, ok := fields["created"]
		if !ok {
			created = fields["created_at"]
		}
		require.EqualValues(t, 86400*365, created)
		require.Equal(t, "tiny.gguf", fields["model"])
		if fingerprint, ok := fields["system_fingerprint"]; ok {
			require.Equal(t, fmt.Sprintf("b%d-abababababababab", engine.Numerics), fingerprint)
		}
	}
	_, fields := body(0)
	require.Contains(t, fmt.Sprint(fields["usage"]), "cached_tokens:0")
	_, call := body(1)
	require.Contains(t, fmt.Sprint(call), "call_")
	choices := func(i int) []any { _, fields := body(i); return fields["choices"].([]any) }
	seed := func(i int) float64 { return choices(i)[0].(map[string]any)["seed"].(float64) }
	require.EqualValues(t, list[4].seed(), seed(4), "a seed of -1 counts as no seed")
	require.EqualValues(t, 0, seed(9))
	require.EqualValues(t, 1, seed(14))
	require.Len(t, choices(2), 6)
	require.Len(t, choices(16), 100, "the number of choices must not depend on how many are answered at a time")

	for i, want := range map[int]string{
		15: "n: is 129, must be between 1 and 128", 17: "stream: a batch cannot stream its answers: leave the field out",
		18: "exceeds the available context size", 19: "messages", 20: "the schema cannot be enforced",
	} {
		status, fields := body(i)
		require.Equal(t, 400, status)
		require.Contains(t, fmt.Sprint(fields["error"]), want)
	}
}

// TestDate checks that a template gets the date of the batch.
func TestDate(t *testing.T) {
	x := setup(t, engine.Options{Threads: 1})
	r, err := ParseRequest([]byte(`{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"x"}],"max_tokens":1,"verbose":true}}`))
	require.NoError(t, err)
	res, err := x.Do(t.Context(), r)
	require.NoError(t, err)
	require.Contains(t, string(res.Response.Body), `1971<|im_start|>user`)
}

// TestNoResult checks that a request that is cancelled or fails has no result.
func TestNoResult(t *testing.T) {
	x := setup(t, engine.Options{Threads: 1})
	r, err := ParseRequest([]byte(line("a", `{"prompt":"a","max_tokens":200,"ignore_eos":true}`)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = x.Do(ctx, r)
	require.ErrorIs(t, err, context.Canceled)
	ctx, cancel = context.WithCancel(t.Context())
	time := make(chan error)
	go func() { _, err := x.Do(ctx, r); time <- err }()
	cancel()
	require.ErrorIs(t, <-time, context.Canceled)

	f := failure(500, []byte(`{"error":{"message":"m","code":"c"}}`))
	require.Equal(t, &Failure{500, "c", "m"}, f)
	require.EqualError(t, f, "m (status 500)")
	require.Equal(t, &Failure{0, "no_response", "there was no response"}, failure(0, nil))
	line, err := x.GiveUp(r, "c", "m").Line()
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(line, []byte(`"custom_id":"a","response":null,"error":{"code":"c","message":"m"}}`+"\n")))
}
