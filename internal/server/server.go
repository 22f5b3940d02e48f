// Package server answers HTTP requests with one model, in the form of OpenAI's API and others.
//
//	request ─► guard (host, origin, key) ─► openai (fields) ─► chat (prompt) ─► engine
//	response ◄─ JSON or events ◄─ openai (answers) ◄─ text, thinking split off ◄──┘
//
// An answer depends only on its request, not on what else is being answered.
package server

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/sampler"
	"alpaca/internal/server/guard"
	"alpaca/internal/server/metrics"
	"alpaca/internal/server/thinking"
	"alpaca/internal/structured"
	"alpaca/internal/tokenizer"
	"alpaca/internal/toolcall"
)

// Options are the settings of a Server. A zero field means the default.
type Options struct {
	Path    string   // path of the model file
	Aliases []string // names of the model, the main one first; default: the file's name
	Tags    []string // tags of the model in lists
	Build   string   // version of the program
	// Fingerprint is the system_fingerprint of answers; "": made from Build. Servers that give the
	// same answers should have the same fingerprint.
	Fingerprint string

	// Library has further models; nil: none. If there are further models,
	// unknown model names are refused. Otherwise any name stands for the
	// server's own model, except names with a prefix such as hf:.
	Library Library

	Warnings []string // warnings about the model, for /props

	Parallel int             // number of answers that the engine generates at once; default 4
	Template *chat.Template  // nil: conversations are refused
	Kwargs   json.RawMessage // an object with variables of the template; a request can add and replace variables
	Sampling sampler.Params  // defaults for requests; zero: sampler.DefaultParams
	System   string          // system message for conversations without one; "": none
	Stop     []string        // stop texts for requests that give none
	Settings string          // the model's parameters for Ollama's /api/show, one per line

	ShareCache  bool         // requests with different keys share cached prompts
	Keys        []string     // accepted keys; empty: no key is needed
	Hosts       []string     // names that a Host header may have on the loopback interface, besides localhost and loopback addresses
	Origin      string       // other origin whose pages may send requests; guard.CheckOrigin must accept it; "": none
	Metrics     bool         // serve /metrics
	Slots       bool         // serve /slots
	MaxTokens   int          // largest number of tokens in any answer; 0: no limit
	Shift       bool         // texts continue in a full context, without their oldest part
	NoPage      bool         // do not serve the chat page
	Data        http.Handler // handler for /data/; nil: none
	Verbose     bool         // answers to conversations repeat their prompts
	Quiet       bool         // log only requests that end with a status of 500 or above
	MaxBody     int64        // largest size of a request in bytes; default 8 MiB
	Connections int          // largest number of connections at a time; default 1024

	KeepAlive    time.Duration // silence in a stream after which a comment is sent; default 15 s
	WriteTimeout time.Duration // how long a client may accept no data; default 30 s
	HeadTimeout  time.Duration // time for a request's headers; default 5 s
	BodyTimeout  time.Duration // time for a small body; a larger body may take longer while data arrives; default 30 s
	IdleTimeout  time.Duration // how long a connection may be unused; default 2 min
	DrainDelay   time.Duration // time from the signal until requests are refused
	DrainTimeout time.Duration // time for requests in progress when the server ends; default 30 s
	StallTimeout time.Duration // how long a layer of a step may take before /livez says that the engine hangs; default 30 s

	// Log gets a line for each request and each problem; nil: no log.
	Log func(format string, args ...any)
}

// Server is an http.Handler that answers with one model. It does not close the engine.
type Server struct {
	opt    Options
	engine *engine.Engine
	tok    *tokenizer.Tokenizer
	tags   *thinking.Tags // tags of thinking; nil: the model has none, or family parses them
	forms  *structured.Compiler

	family     *toolcall.Family // how the model writes calls; nil: no template
	readsTools bool             // the template shows tools to the model
	handler    http.Handler
	inner      http.Handler // the handlers behind the guard
	started    time.Time
	metrics    *metrics.Counters
	guard      *guard.Guard

	draining atomic.Bool        // the server is about to end: /readyz says no
	refusing atomic.Bool        // new requests are refused
	ending   context.Context    // done when requests in progress must end
	end      context.CancelFunc // cancels ending

	delegated atomic.Int64   // number of requests that other servers of the library answer
	handlers  sync.WaitGroup // requests in progress

	mu      sync.Mutex
	usual   time.Duration   // moving average of the time of a request
	active  map[*flow]bool  // requests in progress
	ignored map[string]bool // fields without effect that the log has named
	scales  []float32       // default scales of adapters; nil: the model's scales
}

// New returns a server for an engine's model.
func New(e *engine.Engine, opt Options) *Server {
	s := &Server{opt: opt, engine: e, tok: e.Model().Tokenizer, started: time.Now(), active: map[*flow]bool{}, ignored: map[string]bool{}}
	s.forms = structured.New(s.tok)
	o := &s.opt
	if len(o.Aliases) == 0 {
		o.Aliases = []string{filepath.Base(o.Path)}
	}
	if o.Sampling.Samplers == nil {
		o.Sampling = sampler.DefaultParams()
	}
	o.Sampling.Ctx = e.Ctx()
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	usual := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	usual(&o.KeepAlive, 15*time.Second)
	usual(&o.WriteTimeout, 30*time.Second)
	usual(&o.HeadTimeout, 5*time.Second)
	usual(&o.BodyTimeout, 30*time.Second)
	usual(&o.IdleTimeout, 2*time.Minute)
	usual(&o.DrainTimeout, 30*time.Second)
	usual(&o.StallTimeout, 30*time.Second)
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 8 << 20
	}
	if o.Connections <= 0 {
		o.Connections = 1024
	}
	if o.Template != nil {
		s.tags = thinking.TagsOf(o.Template.Source())
		s.readsTools = o.Template.ReadsTools()
		if s.family = toolcall.Recognize(o.Template.Source()); s.family.OwnThoughts() {
			s.tags = nil
		}
	}
	s.guard = guard.New(o.Keys, o.Hosts, o.Origin)
	s.ending, s.end = context.WithCancel(context.Background())
	s.metrics = metrics.NewCounters()
	s.handler = s.routes()
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// name returns the model's name.
func (s *Server) name() string { return s.opt.Aliases[0] }

// fingerprint returns the system_fingerprint of answers. It begins with "b", as llama.cpp's does.
func (s *Server) fingerprint() string {
	if s.opt.Fingerprint != "" {
		return s.opt.Fingerprint
	}
	return "b-alpaca-" + strings.Trim(s.opt.Build, "()")
}

// took adds the time of a request to the moving average.
func (s *Server) took(d time.Duration) {
	const weight = 8 // a new time has a weight of 1/8
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usual == 0 {
		s.usual = d
	}
	s.usual += (d - s.usual) / weight
}

// retryAfter returns how many seconds a client should wait before it retries:
// from 1 to 60. If a wait is longer than two minutes, clients give up.
func (s *Server) retryAfter() int {
	waiting := s.engine.Stats().Waiting
	s.mu.Lock()
	usual := s.usual
	s.mu.Unlock()
	wait := usual * time.Duration(waiting+1) / time.Duration(s.opt.Parallel)
	return int(min(max(wait.Round(time.Second).Seconds(), 1), 60))
}

// ignores logs the names of request fields that have no effect, each name once. The client's
// author may expect an effect, because another server knows the field.
func (s *Server) ignores(fields []string) {
	const most = 64 // largest number of names, because clients choose them
	for _, name := range fields {
		s.mu.Lock()
		old := s.ignored[name] || len(s.ignored) >= most
		if !old {
			s.ignored[name] = true
		}
		s.mu.Unlock()
		if old {
			continue
		}
		s.opt.Log("requests have the field %q, which has no effect here", guard.Clip(name))
	}
}

// busy returns how many requests are in progress.
func (s *Server) busy() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.active)
}
