package server

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/openai"
	"alpaca/internal/testmodel"
)

// oneMore is a library with one model, or with none.
type oneMore struct {
	s      *Server
	opened []string
	inUse  int
	empty  bool
}

func (l *oneMore) Models() []LibraryModel {
	if l.empty {
		return nil
	}
	return []LibraryModel{{Name: "hf:owner/repo:Q4_0", Size: 5, Quant: "Q4_0", Loaded: l.inUse > 0}}
}

func (l *oneMore) Open(_ context.Context, name string) (*Server, func(), error) {
	l.opened = append(l.opened, name)
	if name == "hf:owner/two" {
		return nil, nil, openai.Invalid("model", "is not clear: there are two")
	}
	if l.empty || name != "hf:owner/repo:Q4_0" {
		return nil, nil, ErrNoModel
	}
	l.inUse++
	return l.s, func() { l.inUse-- }, nil
}

// TestLibrary checks that a request gets the model of the library that it names, that an unknown name
// is refused, and that requests without a key load no model.
func TestLibrary(t *testing.T) {
	m := loadModel(t, testmodel.SPM(2))
	chatML, err := chat.Builtin("chatml", m.Tokenizer)
	require.NoError(t, err)
	e, err := engine.New(m, engine.Options{Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { e.Close() })
	lib := &oneMore{s: New(e, Options{Path: "x.gguf", Aliases: []string{"hf:owner/repo:Q4_0"}, Template: chatML, Keys: []string{"key"}})}
	f := setup(t, func(_ *engine.Options, o *Options) { o.Library, o.Keys = lib, []string{"key"} })
	_, text := f.do("GET", "/v1/models", "")
	require.Contains(t, text, `"id":"tiny.gguf"`)
	require.Contains(t, text, `"id":"hf:owner/repo:Q4_0"`)
	require.Contains(t, text, `"status":{"value":"unloaded"}`)
	_, text = f.do("GET", "/v1/models/hf:owner/repo:Q4_0", "")
	require.Contains(t, text, `"quantization":"Q4_0"`)
	_, text = f.do("GET", "/api/tags", "")
	require.Contains(t, text, `"model":"hf:owner/repo:Q4_0"`)

	ask := func(path, model string, header ...string) (int, string) {
		resp, text := f.do("POST", path, `{"model": "`+model+`", "prompt": "Once", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}], "temperature": 0}`, header...)
		return resp.StatusCode, text
	}
	status, _ := ask("/v1/completions", "hf:owner/repo:Q4_0")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Empty(t, lib.opened, "a request without a key must load no model")
	key := []string{"Authorization", "Bearer key"}
	for _, path := range []string{"/v1/completions", "/v1/chat/completions", "/api/chat", "/api/generate"} {
		for _, tt := range []struct{ model, by string }{{"", "tiny.gguf"}, {"tiny.gguf", "tiny.gguf"}, {"hf:owner/repo:Q4_0", "hf:owner/repo:Q4_0"}} {
			status, text := ask(path, tt.model, key...)
			require.Equal(t, 200, status, text)
			require.Contains(t, text, `"model":"`+tt.by+`"`)
		}
		status, text := ask(path, "hf:owner/two", key...)
		require.Equal(t, http.StatusBadRequest, status, "the status must be 400, because a retry would not help")
		require.Contains(t, text, "there are two")
		for _, unknown := range []string{"gpt-4", "hf:owner/absent:Q4_0"} {
			status, text = ask(path, unknown, key...)
			require.Equal(t, http.StatusNotFound, status)
			require.Contains(t, text, "alpaca pull")
		}
	}
	_, text = f.do("POST", "/v1/completions", `{"Model": "hf:owner/repo:Q4_0", "prompt": "Once", "max_tokens": 2}`, key...)
	require.Contains(t, text, `"model":"tiny.gguf"`, "only a field with exactly the name \"model\" may name the model")
	require.Zero(t, lib.inUse)
	require.Zero(t, f.s.delegated.Load())
}

// TestOnlyModel checks that any name stands for the server's model if the library has no other
// model. A name that says where a model comes from is an exception.
func TestOnlyModel(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Library = &oneMore{empty: true} })
	for _, path := range []string{"/v1/completions", "/v1/chat/completions", "/v1/messages", "/api/chat", "/api/generate", "/api/show"} {
		for model, want := range map[string]int{"gpt-4": 200, "hf:owner/repo:Q4_0": 404} {
			resp, text := f.do("POST", path, `{"model": "`+model+`", "prompt": "Once", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}`)
			require.Equal(t, want, resp.StatusCode, text)
			if want == 404 {
				require.Contains(t, text, "alpaca pull", path)
			}
		}
	}
}
