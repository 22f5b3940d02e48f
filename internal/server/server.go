// Package server answers HTTP requests in OpenAI's form, and llama.cpp's, with one model.
//
//	request ─► guard (host, origin, key) ─► openai (fields) ─► chat (prompt) ─► engine
//	response ◄─ JSON or events ◄─ openai (answers) ◄─ text, thinking split off ◄──┘
//
// What is sent depends on the request alone, not on what else is being answered.
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

// Options say how a Server is made; zeros stand for the defaults.
type Options struct {
	Path    string   // of the model
	Aliases []string // names of the model, the one to show first: the file's
	Tags    []string // what else is said of it in lists
	Build   string   // of the program
	// Fingerprint says what made an answer; "": the build. Servers that give the same
	// answers have the same.
	Fingerprint string

	Library Library // further models; nil: there are none
	Strict  bool    // a model that nobody knows is refused, where there is a Library

	Warnings []string // what is odd about the model, for /props

	Parallel int             // answers that the engine gives at once: 4
	Template *chat.Template  // nil: conversations are refused
	Kwargs   json.RawMessage // variables of the template, an object, where requests have some of their own
	Sampling sampler.Params  // what requests do not say; zero: sampler.DefaultParams
	System   string          // message of conversations that have none; "": none
	Stop     []string        // texts that end an answer, where a request names none
	Settings string          // of the model as Ollama's programs show them, a line each

	Keys        []string     // one of which each request needs; none: no key
	Hosts       []string     // names that requests over the loopback interface may use, besides the usual
	Origin      string       // of the web pages that may ask, besides the server's own, as guard.CheckOrigin wants it; "": none
	Metrics     bool         // serve /metrics
	Slots       bool         // serve /slots
	MaxTokens   int          // of an answer, whatever is asked for; 0: no limit
	Shift       bool         // texts go on in a full context
	NoPage      bool         // do not serve the page for browsers
	Data        http.Handler // of the addresses below /data/; nil: there are none
	Verbose     bool         // answers to conversations show their prompts
	Quiet       bool         // requests that went well are not logged
	MaxBody     int64        // bytes of a request: 8 MiB
	Connections int          // at a time: 1024

	KeepAlive    time.Duration // of silence in a stream before a comment is sent: 15 s
	WriteTimeout time.Duration // of a reader that takes nothing: 30 s
	HeadTimeout  time.Duration // of a request's headers: 5 s
	BodyTimeout  time.Duration // of a small body, and of a larger one until it slows down: 30 s
	IdleTimeout  time.Duration // of a connection between requests: 2 min
	DrainDelay   time.Duration // from the signal until requests are refused
	DrainTimeout time.Duration // for those being answered: 30 s

	// Log gets a line for each request and for what goes wrong; nil: nothing is logged.
	Log func(format string, args ...any)
}

// Server is an http.Handler. It does not close the engine.
type Server struct {
	opt    Options
	engine *engine.Engine
	tok    *tokenizer.Tokenizer
	tags   *thinking.Tags // of thinking; nil: the template knows none
	forms  *structured.Compiler

	family     *toolcall.Family // how the model writes calls; nil: there is no template
	readsTools bool             // the template tells of tools
	handler    http.Handler
	inner      http.Handler // what comes after the guards
	started    time.Time
	metrics    *metrics.Counters
	guard      *guard.Guard

	draining atomic.Bool        // the server is about to end
	refusing atomic.Bool        // and takes no more requests
	ending   context.Context    // done when those being answered are to end
	end      context.CancelFunc // cancels ending

	delegated atomic.Int64   // requests that servers of the library answer
	handlers  sync.WaitGroup // requests that are being handled

	mu     sync.Mutex
	usual  time.Duration       // that a request takes
	active map[*flow]time.Time // what is being answered, since when
	scales []float32           // of adapters, where a request says nothing; nil: the model's
}

// New returns a server of an engine's model.
func New(e *engine.Engine, opt Options) *Server {
	s := &Server{opt: opt, engine: e, tok: e.Model().Tokenizer, started: time.Now(), active: map[*flow]time.Time{}}
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

// fingerprint says what made an answer. It begins with a b, as llama.cpp's do.
func (s *Server) fingerprint() string {
	if s.opt.Fingerprint != "" {
		return s.opt.Fingerprint
	}
	return "b-alpaca-" + strings.Trim(s.opt.Build, "()")
}

// took notes how long a request took.
func (s *Server) took(d time.Duration) {
	const weight = 8 // of what is known
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usual == 0 {
		s.usual = d
	}
	s.usual += (d - s.usual) / weight
}

// retryAfter returns in how many seconds there may be room in the queue. Clients obey
// up to two minutes and then do not try at all.
func (s *Server) retryAfter() int {
	waiting := s.engine.Stats().Waiting
	s.mu.Lock()
	usual := s.usual
	s.mu.Unlock()
	wait := usual * time.Duration(waiting+1) / time.Duration(s.opt.Parallel)
	return int(min(max(wait.Round(time.Second).Seconds(), 1), 60))
}

// busy returns how many requests are being answered, and since when the eldest is.
func (s *Server) busy() (n int, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since = time.Now()
	for _, began := range s.active {
		if began.Before(since) {
			since = began
		}
	}
	return len(s.active), since
}
