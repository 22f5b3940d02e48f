package blackbox

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server"
)

// differing is what may differ between two answers to the same request.
var differing = regexp.MustCompile(`"(?:id|created)":(?:"[^"]*"|[0-9]+),?|"timings":\{[^}]*\},?|"cached_tokens":[0-9]+`)

// mixed returns requests of all kinds with seeds of their own.
func mixed(n int) (paths, bodies []string) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		prompt := strings.Repeat("common beginning ", r.IntN(3)) + strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(40)+1)
		most := r.IntN(12) + 1
		if i%6 == 3 {
			most = 190 // more than the engine sees room for when it begins
		}
		settings := fmt.Sprintf(`"seed": %d, "max_tokens": %d, "temperature": %.2f, "top_k": %d, "repeat_penalty": %.1f, "mirostat": %d, "stream": %v, "logprobs": %%s, "n": %d, "ignore_eos": %v, "cache_prompt": %v, "stop": ["q%d", "\n"]`,
			r.IntN(1000), most, r.Float64()*1.5, r.IntN(50), 1+r.Float64()/2, r.IntN(3), r.IntN(2) == 0, r.IntN(2)+1, r.IntN(2) == 0, r.IntN(4) > 0, i%10)
		switch r.IntN(3) {
		case 0:
			paths = append(paths, "/v1/chat/completions")
			bodies = append(bodies, fmt.Sprintf(`{"messages": [{"role": "user", "content": "%s"}], `+settings+`}`, prompt, "true"))
		case 1:
			paths = append(paths, "/v1/completions")
			bodies = append(bodies, fmt.Sprintf(`{"prompt": ["%s", "x"], `+settings+`}`, prompt, "2"))
		case 2:
			paths = append(paths, "/completion")
			bodies = append(bodies, fmt.Sprintf(`{"prompt": "%s", `+strings.Replace(settings, `"logprobs": %s, `, "", 1)+`}`, prompt))
		}
	}
	return paths, bodies
}

// sorted puts the events of a stream in the order of their answers: those of different ones
// may come in any.
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

// TestOneAnswer is the promise of this server: what is answered does not depend on what
// else is asked at the time, on how many are answered at once, on the cache, nor on texts
// that have to wait for memory in the middle.
func TestOneAnswer(t *testing.T) {
	n := 60
	if testing.Short() {
		n = 8
	}
	paths, bodies := mixed(n)
	ask := func(f *fixture, i int) string {
		resp, text := f.do("POST", paths[i], bodies[i])
		require.Equal(t, 200, resp.StatusCode, "%s: %s", bodies[i], text)
		return sorted(differing.ReplaceAllString(text, ""))
	}
	var want []string
	alone := setup(t, func(e *engine.Options, _ *server.Options) { e.Parallel, e.NoCache = 2, true })
	for i := range bodies {
		want = append(want, ask(alone, i))
	}
	for _, tt := range []struct {
		name   string
		change func(*engine.Options)
	}{
		{"two at once", func(e *engine.Options) { e.Parallel = 2 }},
		{"seven at once, one by one of a prompt", func(e *engine.Options) { e.Parallel, e.Batch = 7, 8 }},
		{"without a cache", func(e *engine.Options) { e.Parallel, e.NoCache = 4, true }},
		{"little memory", func(e *engine.Options) { e.Parallel, e.Blocks = 7, 10 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.name != "little memory" {
				t.Skip("long: not with -short")
			}
			f := setup(t, func(e *engine.Options, _ *server.Options) { tt.change(e); e.Queue = 2 * n })
			got := make([]string, len(bodies))
			var all sync.WaitGroup
			for i := range bodies {
				all.Go(func() { got[i] = ask(f, i) })
			}
			all.Wait()
			for i := range bodies {
				require.Equal(t, want[i], got[i], bodies[i])
			}
			if tt.name == "little memory" && !testing.Short() {
				require.Positive(t, f.engine.Stats().Preemptions)
			}
		})
	}
}
