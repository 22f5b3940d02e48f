// Package browse serves the pages of "alpaca data serve" and their API: rows with paging, filters,
// search and facets, single rows, random rows, read-only SQL, and exports. Addresses, parameters
// and JSON are Datasette's, so that its clients work. The pages are rendered here and can be read
// without scripts.
package browse

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"alpaca/internal/data"
	"alpaca/internal/data/query"
	"alpaca/internal/data/table"
	"alpaca/internal/server/listen"
)

//go:embed web
var web embed.FS

// policy lets pages load resources only from this server, and send forms only to it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Prompt is a row as a training template renders it.
type Prompt struct {
	Template string
	Text     string
	Tokens   int // number of tokens; 0: unknown
}

// Options are the settings of a Browser.
type Options struct {
	Base    string                     // prefix of all addresses, such as /data
	Hosts   []string                   // names that a Host header may have, besides localhost
	Prompts func(r *data.Row) []Prompt // renders a row for its page; nil: pages show no prompts
	Chat    bool                       // the server has a chat page, too
	NoSQL   bool                       // refuse SQL
	Log     func(format string, args ...any)
}

// Browser answers requests about one database.
type Browser struct {
	opt     Options
	db      *data.DB
	pool    *query.Pool
	name    string // name of the database in addresses
	pages   *template.Template
	mux     *http.ServeMux
	facets  table.Facets
	counts  counts
	version atomic.Int64 // version of the database when facets was loaded; 0: not loaded
	loading atomic.Bool
	started time.Time
}

// Time limits for the parts of an answer.
const (
	pageTime  = 5 * time.Second
	countTime = 10 * time.Second       // how long a count in the background may take
	askTime   = 300 * time.Millisecond // how long an answer in JSON waits for a count
	pageWait  = 20 * time.Millisecond  // how long a page waits for a count
)

// New returns a browser for a database. The caller closes the database and the browser.
func New(ctx context.Context, db *data.DB, opt Options) (*Browser, error) {
	pool, err := query.Open(db.Path)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(db.Path)
	b := &Browser{opt: opt, db: db, pool: pool, name: data.ViewName(strings.TrimSuffix(base, filepath.Ext(base))), started: time.Now()}
	if b.opt.Log == nil {
		b.opt.Log = func(string, ...any) {}
	}
	if b.pages, err = template.New("").Funcs(b.functions()).ParseFS(web, "web/*.html"); err != nil {
		pool.Close()
		return nil, err
	}
	b.routes()
	b.refresh(ctx)
	return b, nil
}

// Close closes the pool of SQL connections.
func (b *Browser) Close() error { return b.pool.Close() }

// refresh reloads the columns of facets, in the background, if the database has changed.
func (b *Browser) refresh(ctx context.Context) {
	var version int64
	err := b.db.QueryRow(ctx, "select (select count(*) from lint) * 1000003 + coalesce((select max(id) from example), 0) * 31 + (select count(*) from source) + 1").Scan(&version)
	if err != nil || version == b.version.Load() || !b.loading.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer b.loading.Store(false)
		if err := b.facets.Load(context.WithoutCancel(ctx), b.db); err != nil {
			b.opt.Log("facets: %v", err)
			return
		}
		b.version.Store(version)
	}()
}

// ready reports whether the columns of facets are loaded.
func (b *Browser) ready() bool { return b.version.Load() != 0 }

func (b *Browser) routes() {
	b.mux = http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"/{$}":                         b.home,
		"/ui/{file}":                   b.static,
		"/sql":                         b.oldSQL,
		"/-/databases.json":            b.databases,
		"/-/versions.json":             b.versions,
		"/{database}":                  b.database,
		"/{database}/-/query":          b.sqlPage,
		"/{database}/-/query.json":     b.sqlJSON,
		"/{database}/-/query.csv":      b.sqlCSV,
		"/{database}/-/random":         b.random,
		"/{database}/{table}":          b.table,
		"/{database}/{table}/{key...}": b.row,
	} {
		b.mux.Handle("GET "+b.opt.Base+pattern, b.answering(h))
	}
	if b.opt.Base != "" {
		b.mux.Handle("GET "+b.opt.Base+"/", b.answering(func(http.ResponseWriter, *http.Request) error { return notFound("this page does not exist") }))
	}
}

// httpError is an error with an HTTP status.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return e.message }

func notFound(message string) error   { return &httpError{http.StatusNotFound, message} }
func badRequest(message string) error { return &httpError{http.StatusBadRequest, message} }

// answering returns a handler that calls h. If h fails, the
// handler sends h's error, as JSON if the request asks for data.
func (b *Browser) answering(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Cache-Control", "no-cache")
		if db := r.PathValue("database"); db != "" && strings.TrimSuffix(db, ".json") != b.name {
			b.fail(w, r, notFound("no database has this name; this server has "+b.name))
			return
		}
		if err := h(w, r); err != nil {
			b.fail(w, r, err)
		}
	})
}

// fail sends an error.
func (b *Browser) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, message := http.StatusInternalServerError, "something went wrong: the log of the server says what"
	if e, ok := errors.AsType[*httpError](err); ok {
		status, message = e.status, e.message
	} else if e, ok := errors.AsType[*table.Error](err); ok {
		status, message = http.StatusBadRequest, e.Message
	} else if e, ok := errors.AsType[*query.Error](err); ok {
		status, message = http.StatusBadRequest, e.Message
	} else if errors.Is(err, context.DeadlineExceeded) || r.Context().Err() == nil && data.IsInterrupted(err) {
		status, message = http.StatusServiceUnavailable, "the query took too long: ask for fewer rows, or leave out the order"
	} else if r.Context().Err() != nil {
		return // the client has gone
	} else {
		b.opt.Log("%s: %v", r.URL.Path, err)
	}
	switch ext := path.Ext(r.URL.Path); ext {
	case ".json", ".jsonl", ".csv":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		writeError(w, status, message)
	default:
		b.page(w, r, status, "error.html", map[string]any{"Message": message, "Status": status, "Title": http.StatusText(status)})
	}
}

// ServeHTTP answers a request. It refuses a request over the loopback interface whose Host header does
// not name this machine. Otherwise a foreign page whose domain name resolves to this machine would
// have the same origin as the server's own pages.
func (b *Browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if listen.FromHere(r) && !listen.OwnName(r.Host, b.opt.Hosts) {
		http.Error(w, "the Host is not one of this server's names: use localhost in the address, or start the server with --allowed-host", http.StatusForbidden)
		return
	}
	b.mux.ServeHTTP(w, r)
}

// static sends a style or script of the pages.
func (b *Browser) static(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("file")
	text, err := web.ReadFile("web/" + name)
	kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}[path.Ext(name)]
	if err != nil || kind == "" {
		return notFound("this file does not exist")
	}
	w.Header().Set("Content-Type", kind)
	_, err = w.Write(text)
	return err
}
