// Package ab serves a blind comparison of two models to people with browsers. A page shows
// a prompt, two answers without the models' names, and five buttons. The pages work without
// scripts, and show a model's output only as text. Until the session is closed, no response
// reveals which model wrote an answer. A vote is confirmed once it is on the disk.
package ab

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"alpaca/internal/abtest"
	"alpaca/internal/server/listen"
)

//go:embed web
var web embed.FS

// policy lets the pages load resources only from this server, and send forms only to it.
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Server is an http.Handler that serves one session.
type Server struct {
	store   abtest.Store
	id      int64
	pages   *template.Template
	handler http.Handler
	opt     Options

	mu      sync.Mutex // guards the fields session and told
	session *abtest.Session
	told    map[string]notice // by judge
	closed  chan struct{}     // closed when the session is closed
}

// Options are the settings of a Server.
type Options struct {
	Log func(format string, args ...any) // gets messages for the person who runs the program
	// Ask starts the answers of both models to prompt n of the session, and returns without
	// waiting. With Ask, answers may come while people vote, and judges may enter prompts. If Ask
	// is nil, all answers must exist.
	Ask func(n int)
}

// New returns a server for a session. Unless opt.Ask is set, the session must have all answers.
func New(ctx context.Context, store abtest.Store, id int64, opt Options) (*Server, error) {
	s := &Server{store: store, id: id, opt: opt, told: map[string]notice{}, closed: make(chan struct{})}
	if err := s.reload(ctx); err != nil {
		return nil, err
	}
	if opt.Ask == nil && !s.session.Complete() {
		return nil, errors.New("ab: some answers are missing")
	}
	var err error
	s.pages, err = template.New("").Funcs(functions).ParseFS(web, "web/*.html")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.ask))
	mux.HandleFunc("POST /start", s.page(s.start))
	mux.HandleFunc("POST /vote", s.page(s.vote))
	mux.HandleFunc("POST /undo", s.page(s.undo))
	if opt.Ask != nil {
		mux.HandleFunc("POST /own", s.page(s.own))
		mux.HandleFunc("GET /ready", s.page(s.ready))
	}
	mux.HandleFunc("POST /close", s.page(s.end))
	mux.HandleFunc("GET /results", s.page(s.results))
	mux.HandleFunc("GET /results/{n}", s.page(s.pair))
	for _, name := range []string{"ab.css", "ab.js"} {
		mux.HandleFunc("GET /"+name, s.asset(name))
	}
	mux.HandleFunc("/", s.page(func(http.ResponseWriter, *http.Request) error { return notFound }))
	s.handler = http.MaxBytesHandler(guarded(mux), 4*mostOwn)
	return s, nil
}

// Closed returns a channel that is closed when the session is closed.
func (s *Server) Closed() <-chan struct{} { return s.closed }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store") // otherwise the back button would offer a judged pair again
	s.handler.ServeHTTP(w, r)
}

// guarded refuses requests over the loopback interface whose Host header does not name this machine,
// and requests from foreign pages.
func guarded(h http.Handler) http.Handler {
	h = http.NewCrossOriginProtection().Handler(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if listen.FromHere(r) && !listen.OwnName(r.Host, nil) {
			http.Error(w, "the Host is not a name of this machine: use localhost in the address", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// asset returns a handler that sends a file.
func (s *Server) asset(name string) http.HandlerFunc {
	data, err := fs.ReadFile(web, "web/"+name)
	if err != nil {
		panic(err) // the file is embedded
	}
	kind := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		kind = "text/javascript; charset=utf-8"
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(data)
	}
}

// failure is an error that is shown to the user.
type failure struct {
	status  int
	Message string
}

func (e *failure) Error() string { return e.Message }

var notFound = &failure{http.StatusNotFound, "This page does not exist."}

// page returns a handler that calls f while it holds the
// mutex. If f fails, the handler sends a page with f's error.
func (s *Server) page(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		err := f(w, r)
		if err == nil {
			return
		}
		e, ok := errors.AsType[*failure](err)
		if !ok {
			s.opt.Log("%s %s: %v", r.Method, r.URL.Path, err)
			e = &failure{http.StatusInternalServerError, "This did not work. The program's messages say why. Nothing was lost: load the page again."}
		}
		s.show(w, e.status, "error.html", e)
	}
}

// show renders and sends a page.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any) error {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
	return nil
}

// reload reads the session from the store again.
func (s *Server) reload(ctx context.Context) (err error) {
	s.session, err = s.store.Load(ctx, s.id)
	if err == nil && s.session.Closed {
		select {
		case <-s.closed:
		default:
			close(s.closed)
		}
	}
	return err
}

// cookie returns the name of the cookie with the judge's name. It contains the session's id, because
// servers on different ports of a machine share cookies.
func (s *Server) cookie() string { return fmt.Sprintf("alpaca-ab-%d", s.id) }

// judge returns the name of the judge who sent a request, or "" if it is unknown.
func (s *Server) judge(r *http.Request) string {
	c, err := r.Cookie(s.cookie())
	if err != nil {
		return ""
	}
	name, err := hex.DecodeString(c.Value)
	if err != nil || !isName(string(name)) {
		return ""
	}
	return string(name)
}

// isName reports whether a person may judge under this name. Names with a colon are for models.
func isName(name string) bool {
	return name != "" && name == strings.TrimSpace(name) && utf8.RuneCountInString(name) <= 40 && !strings.Contains(name, ":") && utf8.ValidString(name) &&
		strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// token returns the secret value in the form with which judge votes on item.
func (s *Server) token(judge string, item abtest.Item) string {
	h := hmac.New(sha256.New, s.session.Secret)
	fmt.Fprintf(h, "%d %d %d %s", s.id, item.N, item.Repeat, judge)
	return hex.EncodeToString(h.Sum(nil))
}

// number returns the non-negative number in the form's field with the given name.
func number(r *http.Request, name string) (int, error) {
	n, err := strconv.Atoi(r.PostFormValue(name))
	if err != nil || n < 0 {
		return 0, &failure{http.StatusBadRequest, "This form does not belong to this page: load the page again."}
	}
	return n, nil
}

// longest bounds the time that is stored for a vote: how long the judge looked at the pair.
const longest = time.Hour

func millisSince(text string) int64 {
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return min(max(0, time.Now().UnixMilli()-at), longest.Milliseconds())
}
