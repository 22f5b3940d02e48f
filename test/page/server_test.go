package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/server/page"
)

// ask is a request that the page has sent.
type ask struct {
	Messages []struct{ Role, Content string }
	Body     map[string]any // the whole body of the request
	Key      string
}

// reply is a scripted answer. Its pieces are sent one by one.
type reply struct {
	Thought, Pieces []string
	Finish          string // the finish reason; "": "stop"
	Fail            string // the message of an error event after the pieces
	Cut             bool   // the stream is cut after the pieces
	Status          int    // HTTP status of an error instead of a stream, with Fail as its message; 0: none
	Hold            chan struct{}
	Pause           time.Duration // before each piece
}

// fake is a server with the chat page. Its model gives scripted answers.
type fake struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	asked   []ask
	replies []reply
	gone    int    // number of requests that the page canceled
	key     string // the API key that requests need; "": none
	down    bool   // all connections are cut
	warn    []string
	counts  int      // the number of tokens that the server reports for each prompt
	models  []string // names of further models
}

// serve starts a fake server that gives these replies in order, and then repeats the last one.
func serve(t *testing.T, replies ...reply) *fake {
	t.Helper()
	f := &fake{t: t, replies: replies}
	mux := http.NewServeMux()
	for pattern, h := range page.Handlers() {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("GET /props", f.props)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		list := []map[string]string{{"id": "scripted-1b"}}
		for _, name := range f.models {
			list = append(list, map[string]string{"id": name})
		}
		json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": list})
	})
	mux.HandleFunc("POST /v1/chat/completions", f.chat)
	mux.HandleFunc("POST /v1/chat/completions/input_tokens", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		fmt.Fprintf(w, `{"object": "response.input_tokens", "input_tokens": %d}`, f.counts)
	})
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		down := f.down
		f.mu.Unlock()
		if down {
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// last returns the newest request.
func (f *fake) last() ask {
	f.mu.Lock()
	defer f.mu.Unlock()
	require.NotEmpty(f.t, f.asked)
	return f.asked[len(f.asked)-1]
}

// set calls change with the lock held.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) refused(w http.ResponseWriter, r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key == "" || r.Header.Get("Authorization") == "Bearer "+f.key {
		return false
	}
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"error":{"message":"an API key is needed","type":"authentication_error"}}`)
	return true
}

func (f *fake) props(w http.ResponseWriter, r *http.Request) {
	if f.refused(w, r) {
		return
	}
	json.NewEncoder(w).Encode(map[string]any{
		"model_alias": "scripted-1b", "warnings": append([]string{}, f.warn...),
		"default_generation_settings": map[string]any{"n_ctx": 4096, "params": map[string]any{"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05}},
	})
}

func (f *fake) chat(w http.ResponseWriter, r *http.Request) {
	if f.refused(w, r) {
		return
	}
	a := ask{Key: r.Header.Get("Authorization")}
	err := json.NewDecoder(r.Body).Decode(&a.Body)
	if err == nil {
		b, _ := json.Marshal(a.Body)
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	a.Body["test"] = nil
	f.asked = append(f.asked, a)
	p := f.replies[0]
	if len(f.replies) > 1 {
		f.replies = f.replies[1:]
	}
	f.mu.Unlock()
	if p.Status != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(p.Status)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": p.Fail, "type": "invalid_request_error"}})
		return
	}
	f.stream(w, r, p)
}

// stream sends an answer as events, in the form of the real server.
func (f *fake) stream(w http.ResponseWriter, r *http.Request, p reply) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(v any) {
		b, _ := json.Marshal(v)
		fmt.Fprintf(w, "data: %s\n\n", b)
		w.(http.Flusher).Flush()
	}
	delta := func(fields map[string]any, finish any) {
		send(map[string]any{"choices": []any{map[string]any{"index": 0, "delta": fields, "finish_reason": finish}}})
	}
	send(map[string]any{"choices": []any{}, "prompt_progress": map[string]int{"total": 100, "processed": 40}})
	delta(map[string]any{"role": "assistant", "content": nil}, nil)
	pause := func() bool {
		if p.Pause > 0 {
			time.Sleep(p.Pause)
		}
		if r.Context().Err() == nil {
			return true
		}
		f.set(func() { f.gone++ })
		return false
	}
	for _, t := range p.Thought {
		if !pause() {
			return
		}
		delta(map[string]any{"reasoning_content": t}, nil)
	}
	for _, t := range p.Pieces {
		if !pause() {
			return
		}
		delta(map[string]any{"content": t}, nil)
	}
	if p.Hold != nil {
		select {
		case <-p.Hold:
		case <-r.Context().Done():
			f.set(func() { f.gone++ })
			return
		}
	}
	switch {
	case p.Fail != "":
		send(map[string]any{"error": map[string]string{"message": p.Fail, "type": "server_error"}})
	case p.Cut:
	default:
		if p.Finish == "" {
			p.Finish = "stop"
		}
		delta(map[string]any{}, p.Finish)
		send(map[string]any{"choices": []any{}, "usage": map[string]int{"prompt_tokens": 100, "completion_tokens": len(p.Pieces), "total_tokens": 100 + len(p.Pieces)}, "timings": map[string]float64{"predicted_per_second": 42.5}})
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}
