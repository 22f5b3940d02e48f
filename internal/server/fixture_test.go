package server

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// loadModel returns a small model that is closed at the end of the test.
func loadModel(t testing.TB, m *testmodel.Model) *model.Model {
	t.Helper()
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	loaded, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

// logged is a log that tests read.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, strings.TrimSpace(format))
}

// fixture is a server with a small model, asked over TCP.
type fixture struct {
	*httptest.Server
	t      testing.TB
	s      *Server
	engine *engine.Engine
}

// setup starts a server. If change is not nil, it can change the server's options.
func setup(t testing.TB, change func(*engine.Options, *Options)) *fixture {
	t.Helper()
	return setupModel(t, loadModel(t, testmodel.SPM(1)), change)
}

// setupModel does what setup does, with the model m.
func setupModel(t testing.TB, m *model.Model, change func(*engine.Options, *Options)) *fixture {
	t.Helper()
	chatML, err := chat.Builtin("chatml", m.Tokenizer)
	require.NoError(t, err)
	eo := engine.Options{Threads: 1}
	so := Options{Path: "dir/tiny.gguf", Build: "test", Template: chatML, Metrics: true, Slots: true}
	if change != nil {
		change(&eo, &so)
	}
	so.Parallel = eo.Parallel
	e, err := engine.New(m, eo)
	require.NoError(t, err)
	s := New(e, so)
	f := &fixture{httptest.NewServer(s), t, s, e}
	t.Cleanup(func() {
		s.end()
		f.Close()
		require.NoError(t, e.Close())
	})
	return f
}

// do sends a request. header has names, each followed by its value.
func (f *fixture) do(method, path, body string, header ...string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.URL+path, strings.NewReader(body))
	require.NoError(f.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(f.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(f.t, err)
	return resp, string(b)
}

// post sends JSON and returns the JSON of the response, which must have the given status.
func (f *fixture) post(path, body string, status int) map[string]any {
	f.t.Helper()
	resp, text := f.do("POST", path, body)
	require.Equal(f.t, status, resp.StatusCode, text)
	return object(f.t, text)
}

func object(t testing.TB, text string) (o map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &o), text)
	return o
}

// at returns the value at a path in JSON, such as "choices.0.message.content".
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			if i := int(name[0] - '0'); i < len(x) {
				v = x[i]
			} else {
				return nil
			}
		default:
			return nil
		}
	}
	return v
}

// eventsOf returns the data of a stream's events, [DONE] included. The test fails if a line is
// neither an event nor a comment.
func eventsOf(t testing.TB, text string) (list []string) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n\n"), "the last event needs its blank line: %q", text)
	lines := bufio.NewReader(strings.NewReader(text))
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return list
		}
		if line == ":\n" {
			_, err = lines.ReadString('\n')
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		require.True(t, ok, "%q", line)
		blank, _ := lines.ReadString('\n')
		require.Equal(t, "\n", blank)
		list = append(list, strings.TrimSuffix(data, "\n"))
	}
}
