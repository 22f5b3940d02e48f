package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"alpaca/internal/openai"
	"alpaca/internal/server/guard"
	"alpaca/internal/server/page"
	"alpaca/internal/server/repeat"
)

// route is a path with its handler.
type route struct {
	pattern string // pattern for http.ServeMux
	public  bool   // needs no key
	handle  guard.Handle
}

// routes returns the handler of the whole server.
func (s *Server) routes() http.Handler {
	list := []route{
		{"GET /health", true, s.health},
		{"GET /v1/health", true, s.health},
		{"GET /livez", true, s.livez},
		{"GET /readyz", true, s.readyz},
		{"GET /v1/models", true, s.models},
		{"GET /models", true, s.models},
		{"GET /v1/models/{id...}", true, s.model},
		{"GET /models/{id...}", true, s.model},
		{"GET /metrics", false, s.metricsPage},
		{"GET /props", false, s.props},
		{"GET /slots", false, s.slots},
		{"GET /lora-adapters", false, s.adapters},
		{"POST /lora-adapters", false, s.setAdapters},
		{"POST /tokenize", false, s.tokenize},
		{"POST /detokenize", false, s.detokenize},
		{"POST /apply-template", false, s.applyTemplate},
		{"POST /v1/chat/completions", false, s.chat},
		{"POST /chat/completions", false, s.chat},
		{"POST /v1/chat/completions/input_tokens", false, s.inputTokens},
		{"POST /chat/completions/input_tokens", false, s.inputTokens},
		{"POST /v1/messages", false, s.messages},
		{"POST /v1/messages/count_tokens", false, s.countTokens},
		{"POST /v1/responses", false, s.responses},
		{"POST /responses", false, s.responses},
		{"POST /v1/responses/input_tokens", false, s.responseTokens},
		{"/v1/responses/{id}", false, s.responseKept},
		{"/v1/responses/{id}/{part}", false, s.responseKept},
		{"GET /api/version", true, s.ollamaVersion},
		{"GET /api/tags", true, s.ollamaTags},
		{"GET /api/ps", false, s.ollamaPS},
		{"POST /api/show", false, s.ollamaShow},
		{"POST /api/chat", false, s.ollamaChat},
		{"POST /api/generate", false, s.ollamaGenerate},
		{"POST /v1/completions", false, s.completions},
		{"POST /completion", false, s.native},
		{"POST /completions", false, s.native},
	}
	list = append(list, unservedRoutes()...)
	if s.opt.Data != nil {
		list = append(list, route{"GET /data/", true, s.guard.Browsed(s.guard.WithKey(s.data))})
	}
	if !s.opt.NoPage {
		for pattern, h := range page.Handlers() {
			list = append(list, route{pattern, true, func(w http.ResponseWriter, r *http.Request) error {
				s.extend(w)
				h.ServeHTTP(w, r)
				return nil
			}})
		}
	}
	mux := http.NewServeMux()
	for _, r := range list {
		h := r.handle
		if !r.public {
			h = s.guard.WithKey(h)
		}
		mux.Handle(r.pattern, s.reporting(guard.WithTimeout(h)))
	}
	s.inner = s.withErrors(mux)
	return s.outermost(s.guard.Pages(s.elsewhere(s.inner), s.fail))
}

// data serves the pages and the API for training data. The client gets a new deadline for each piece
// of the response.
func (s *Server) data(w http.ResponseWriter, r *http.Request) error {
	s.opt.Data.ServeHTTP(extending{w, s}, r)
	return nil
}

// extending is a ResponseWriter that sets a new deadline for each piece of a long response.
type extending struct {
	http.ResponseWriter
	s *Server
}

func (e extending) Write(b []byte) (int, error) {
	e.s.extend(e.ResponseWriter)
	return e.ResponseWriter.Write(b)
}

// withErrors answers unknown paths and methods with errors in JSON, like all other errors.
func (s *Server) withErrors(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			noteOf(w).path = pattern[strings.IndexByte(pattern, ' ')+1:]
			mux.ServeHTTP(w, r) // sets the path's values
			return
		}
		probe := &probe{header: http.Header{}}
		h.ServeHTTP(probe, r)
		e := &openai.Error{Status: http.StatusNotFound, Type: openai.TypeNotFound, Code: "not_found",
			Message: fmt.Sprintf("there is no %s here", guard.Clip(r.URL.Path))}
		if probe.status == http.StatusMethodNotAllowed {
			allow := probe.header.Get("Allow")
			w.Header().Set("Allow", allow)
			e = &openai.Error{Status: probe.status, Type: openai.TypeInvalid, Code: "method_not_allowed",
				Message: fmt.Sprintf("%s is for %s, not for %s", guard.Clip(r.URL.Path), allow, guard.Clip(r.Method))}
		}
		s.fail(w, e)
	})
}

// probe is a ResponseWriter that records the mux's status and headers.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header { return p.header }
func (p *probe) WriteHeader(n int)   { p.status = n }

func (p *probe) Write(b []byte) (int, error) { return len(b), nil }

// reporting returns a handler that sends the error of h as the response.
func (s *Server) reporting(h guard.Handle) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, err)
		}
	})
}

// api is the API that a path belongs to.
type api int

const (
	openAI api = iota
	anthropic
	ollama
)

func apiOf(path string) api {
	switch {
	case isAnthropic(path):
		return anthropic
	case isOllama(path):
		return ollama
	}
	return openAI
}

// note collects what the log says about a request at its end. Every handler's w is a *note.
type note struct {
	http.ResponseWriter
	id     string
	path   string     // path of the route's pattern
	status int        // HTTP status; 0: nothing has been sent
	about  string     // tokens, speed and error, for the log
	api    api        // decides the form of errors
	stream *events    // the response, if it is streamed and has begun; else nil
	fixed  *repeat.By // makes ids and times reproducible, in batches; nil: random ids, current times
}

func (n *note) WriteHeader(status int) {
	if n.status == 0 {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *note) Write(b []byte) (int, error) {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	return n.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the original ResponseWriter.
func (n *note) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func noteOf(w http.ResponseWriter) *note { return w.(*note) }

// outermost gives each request an id, counts and logs it, and recovers from panics.
func (s *Server) outermost(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handlers.Add(1)
		defer s.handlers.Done()
		start := time.Now()
		// If a handler does not read the whole body, net/http
		// reads the rest. It sets no deadline for that.
		http.NewResponseController(w).SetReadDeadline(start.Add(s.opt.BodyTimeout))
		n := &note{ResponseWriter: w, id: requestID(r), path: "other", api: apiOf(r.URL.Path), fixed: repeat.Of(r.Context())}
		w.Header().Set("X-Request-Id", n.id)
		if n.api == anthropic {
			w.Header().Set("Request-Id", n.id)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if s.refusing.Load() {
			w.Header().Set("Connection", "close")
		}
		defer func() {
			if p := recover(); p != nil {
				s.opt.Log("%s: panic: %v\n%s", n.id, p, debug.Stack())
				switch err := s.fault(n.id); {
				case n.stream != nil:
					n.stream.fail(err)
				case n.status != 0:
					panic(http.ErrAbortHandler) // the connection is cut, so that the client notices
				default:
					s.fail(n, err)
				}
			}
			s.metrics.Request(n.path, n.status)
			if n.path != "other" && r.Method == http.MethodGet && n.status < 400 || s.opt.Quiet && n.status < 500 {
				// The log leaves out probes and pages. With Quiet, it has only the server's errors.
				return
			}
			s.opt.Log("%s %s %d in %v%s%s (%s)", r.Method, guard.Clip(r.URL.EscapedPath()), n.status, time.Since(start).Round(time.Millisecond), n.about, retried(r), n.id)
		}()
		h.ServeHTTP(n, r.WithContext(context.WithValue(r.Context(), noteKey{}, n)))
	})
}

// noteKey is the key of the note in a request's context.
type noteKey struct{}

// warn sets headers that say how the answer deviates from the request. It must be called before
// anything is sent.
func warn(r *http.Request, warnings []string) {
	n, ok := r.Context().Value(noteKey{}).(*note)
	for _, text := range warnings {
		if ok {
			n.Header().Add("X-Alpaca-Warning", strings.Trim(strconv.QuoteToASCII(text), `"`))
		}
	}
}

// retried says for the log how often a client has retried a request. OpenAI's
// and Anthropic's clients send that number; for other clients the text is empty.
func retried(r *http.Request) string {
	n, err := strconv.ParseUint(r.Header.Get("X-Stainless-Retry-Count"), 10, 16)
	if err != nil || n == 0 {
		return ""
	}
	return fmt.Sprintf(", retry %d", n)
}

// requestID returns the id in the request's header, or a new id if the header has no valid one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	odd := func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.')
	}
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, odd) {
		return repeat.NewID("req_")
	}
	return id
}
