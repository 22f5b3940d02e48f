package blackbox

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server"
)

// differing matches what may differ between two answers to the same request: ids, times, and the
// number of cached tokens.
var differing = regexp.MustCompile(`"(?:id|item_id|call_id|created|created_at|request_id)":(?:"[^"]*"|[0-9]+),?|"timings":\{[^}]*\},?|` +
	`"(?:cached_tokens|cache_read_input_tokens|[a-z_]*_duration)":[0-9]+,?|"usage":\{"input_tokens":[0-9]+`)

// asked is a request.
type asked struct {
	path, body string
	n          int // number of answers to each prompt
}

// roomy is a context size that is large enough for prompts with tools.
const roomy = 640

// fields is a JSON object.
type fields map[string]any

// forms are fields that constrain the form of an answer.
var forms = []fields{
	{"grammar": `root ::= [a-z]+ (" " [0-9]+)? "."`},
	{"response_format": fields{"type": "json_object"}},
	{"response_format": fields{"type": "json_schema", "json_schema": fields{"name": "x", "strict": true, "schema": json.RawMessage(
		`{"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}, "n": {"type": "integer"}}, "required": ["name", "n"], "additionalProperties": false}`)}}},
	{"tool_choice": "required", "logprobs": nil, "tools": []fields{{"type": "function", "function": fields{
		"name": "f", "parameters": json.RawMessage(`{"type": "object", "properties": {"n": {"enum": [1, 2, 3]}}, "required": ["n"], "additionalProperties": false}`)}}}},
}

// mixed returns n requests of all kinds, each with a seed.
func mixed(n int) (list []asked) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		prompt := strings.Repeat("common beginning ", r.IntN(3)) + strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(40)+1)
		most := r.IntN(12) + 1
		if i%16 == 3 {
			most = 190 // so many tokens that the engine must make room for the text a second time
		}
		a := asked{n: 1}
		chat := []fields{{"role": "system", "content": "common"}, {"role": "user", "content": prompt}}
		sampling := fields{
			"seed": r.IntN(1000), "temperature": r.Float32() * 1.5, "top_k": r.IntN(50), "repeat_penalty": 1 + r.Float32()/2,
			"mirostat": r.IntN(3), "stop": []string{fmt.Sprint("q", i%10), "\n"},
		}
		body := fields{"stream": r.IntN(2) == 0}
		for name, value := range sampling {
			body[name] = value
		}
		switch kind := r.IntN(8); kind {
		case 0, 1:
			a.path, a.n = "/v1/chat/completions", r.IntN(2)+1
			body["messages"], body["max_tokens"], body["logprobs"], body["n"] = chat, most, r.IntN(2) == 0, a.n
		case 2:
			a.path, a.n = "/v1/completions", r.IntN(2)+1
			body["prompt"], body["max_tokens"], body["logprobs"], body["n"] = []string{prompt, "x"}, most, 2, a.n
		case 3:
			a.path = "/completion"
			body["prompt"], body["n_predict"], body["n_probs"] = prompt, most, r.IntN(3)
		case 4:
			a.path = "/v1/messages"
			body = fields{"messages": chat[1:], "system": "common", "max_tokens": most, "temperature": sampling["temperature"], "seed": sampling["seed"], "stream": body["stream"]}
		case 5:
			a.path = "/v1/responses"
			body["input"], body["instructions"], body["max_output_tokens"] = prompt, "common", most
		default:
			sampling["num_predict"] = most
			body = fields{"options": sampling, "stream": body["stream"], "messages": chat}
			if a.path = "/api/chat"; kind == 7 {
				a.path, body["prompt"] = "/api/generate", prompt
			}
		}
		if strings.HasPrefix(a.path, "/v1/c") || a.path == "/completion" {
			body["ignore_eos"], body["cache_prompt"] = r.IntN(2) == 0, r.IntN(4) > 0
			if form := r.IntN(8); form < len(forms) {
				for name, value := range forms[form] {
					body[name] = value
				}
			}
		}
		text, _ := json.Marshal(body)
		a.body = string(text)
		list = append(list, a)
	}
	return list
}

// sorted groups the events of a stream by answer, because the events of different answers come in
// any order.
func sorted(text string) string {
	if !strings.HasPrefix(text, "data: ") {
		return text
	}
	byIndex := map[string][]string{}
	index := regexp.MustCompile(`"index":([0-9]+)`)
	for event := range strings.SplitSeq(text, "\n\n") {
		name := "-"
		if m := index.FindStringSubmatch(event); m != nil {
			name = m[1]
		}
		byIndex[name] = append(byIndex[name], event)
	}
	return fmt.Sprint(byIndex)
}

// answer sends a request and returns the part of the response that must always be the same.
func (f *fixture) answer(a asked) string {
	resp, text := f.do("POST", a.path, a.body)
	require.Equal(f.t, 200, resp.StatusCode, "%s %s: %s", a.path, a.body, text)
	require.NotContains(f.t, text, `"error":{`, "%s %s", a.path, a.body)
	return steady(text)
}

// steady returns the part of a text that must always be the same.
func steady(text string) string { return sorted(differing.ReplaceAllString(text, "")) }

// vanish sends a request and cancels it after a time.
func (f *fixture) vanish(a asked, after time.Duration) {
	ctx, leave := context.WithTimeout(f.t.Context(), after)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, "POST", f.url+a.path, strings.NewReader(a.body))
	require.NoError(f.t, err)
	if resp, err := f.client.Do(r); err == nil {
		resp.Body.Close()
	}
}

// TestOneAnswer checks this server's promise: an answer does not depend on other requests, on the
// number of parallel answers, on the cache, on clients that vanish, or on preemption for lack of
// memory.
func TestOneAnswer(t *testing.T) {
	list := mixed(200)
	if testing.Short() {
		list = list[:24]
	}
	alone := setup(t, func(e *engine.Options, _ *server.Options) { e.Ctx, e.Parallel, e.NoCache = roomy, 2, true })
	var want []string
	for _, a := range list {
		want = append(want, alone.answer(a))
	}
	for _, tt := range []struct {
		name   string
		change func(*engine.Options)
		rounds int
	}{
		{"one slot", func(e *engine.Options) { e.Parallel = 1 }, 1},
		{"two slots, without a cache", func(e *engine.Options) { e.Parallel, e.NoCache = 2, true }, 1},
		{"seven slots, prompts in pieces, and again from the cache", func(e *engine.Options) { e.Parallel, e.Batch = 7, 8 }, 2},
		{"seven slots, little memory", func(e *engine.Options) { e.Parallel, e.Blocks = 7, roomy/32+1 }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t, func(e *engine.Options, _ *server.Options) { tt.change(e); e.Ctx, e.Queue = roomy, 4*len(list) })
			for range tt.rounds {
				got := make([]string, len(list))
				var all sync.WaitGroup
				for i, a := range list {
					if a.n > 1 && tt.name == "one slot" {
						got[i] = want[i] // a server with one slot refuses requests for several answers
						continue
					}
					all.Go(func() { got[i] = f.answer(a) })
					if i%8 == 0 {
						all.Go(func() { f.vanish(a, time.Duration(i)*time.Millisecond/4) })
					}
				}
				all.Wait()
				for i, a := range list {
					require.Equal(t, want[i], got[i], "%s %s", a.path, a.body)
				}
			}
			if tt.name == "seven slots, little memory" && !testing.Short() {
				require.Positive(t, f.engine.Stats().Preemptions)
			}
		})
	}
}
