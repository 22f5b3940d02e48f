package fetch

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/web"
)

// content returns n random bytes after GGUF's magic.
func content(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	copy(b, "GGUF")
	return b
}

// gitHash returns git's digest of a blob.
func gitHash(b []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00%s", len(b), b)
	return hex.EncodeToString(h.Sum(nil))
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// origin is a server of one file. A test can make it misbehave.
type origin struct {
	*httptest.Server
	data []byte
	etag string

	mu     sync.Mutex
	asked  []string // the Range header of each request
	ifs    []string // the If-Range header of each request
	tokens []string
	sleeps []time.Duration

	// odd is called with each request. n is the number of the request, from 0. odd returns true if
	// it has answered the request.
	odd oddAnswer
}

type oddAnswer func(n int, w http.ResponseWriter, r *http.Request, from, to int) bool

func newOrigin(t *testing.T, data []byte) *origin {
	o := &origin{data: data, etag: `"v1"`}
	o.Server = httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(o.Close)
	return o
}

// span returns the bytes that a request asks for: [from, to).
func (o *origin) span(r *http.Request) (from, to int, ranged bool) {
	spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !ok {
		return 0, len(o.data), false
	}
	a, b, _ := strings.Cut(spec, "-")
	from, _ = strconv.Atoi(a)
	to, _ = strconv.Atoi(b)
	return from, to + 1, true
}

func (o *origin) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	n := len(o.asked)
	o.asked = append(o.asked, r.Header.Get("Range"))
	o.ifs = append(o.ifs, r.Header.Get("If-Range"))
	o.tokens = append(o.tokens, r.Header.Get("Authorization"))
	odd := o.odd
	o.mu.Unlock()
	from, to, ranged := o.span(r)
	w.Header().Set("ETag", o.etag)
	if odd != nil && odd(n, w, r, from, to) {
		return
	}
	if want := r.Header.Get("If-Range"); ranged && want != "" && want != o.etag {
		from, to, ranged = 0, len(o.data), false
	}
	o.send(w, from, to, ranged)
}

func (o *origin) send(w http.ResponseWriter, from, to int, ranged bool) {
	w.Header().Set("Content-Length", strconv.Itoa(to-from))
	if ranged {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(o.data)))
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Write(o.data[from:to])
}

// cutAfter sends k bytes of an answer and then ends the connection.
func (o *origin) cutAfter(w http.ResponseWriter, from, to, k int) {
	w.Header().Set("Content-Length", strconv.Itoa(to-from))
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(o.data)))
	w.WriteHeader(http.StatusPartialContent)
	w.Write(o.data[from : from+k])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (o *origin) requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

func (o *origin) job(t *testing.T) Job {
	u, err := url.Parse(o.URL + "/file.gguf?signature=secret")
	require.NoError(t, err)
	return Job{Name: "file.gguf", Path: filepath.Join(t.TempDir(), "blob"), Size: int64(len(o.data)), SHA256: hashOf(o.data), Model: true,
		Locate: func(context.Context) (Source, error) { return Source{URL: u}, nil }}
}

// options returns options with parts of 1000 bytes and pauses that take no time.
func (o *origin) options(log *bytes.Buffer) Options {
	var mu sync.Mutex
	return Options{
		Client: web.New(web.Options{Sleep: func(ctx context.Context, d time.Duration) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.sleeps = append(o.sleeps, d)
			return context.Cause(ctx)
		}}),
		Connections: 3, Piece: 1000, SaveBytes: 1,
		Log: func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(log, format+"\n", args...)
		},
	}
}

// requireFetched checks that a download is complete, publishes it, and checks that nothing else is
// left.
func requireFetched(t *testing.T, job Job, p *Partial, data []byte) {
	t.Helper()
	require.NoFileExists(t, job.Path)
	require.Equal(t, hashOf(data), p.SHA256)
	require.NoError(t, p.Publish())
	got, err := os.ReadFile(job.Path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	left, err := filepath.Glob(job.Path + ".*")
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestServers downloads from servers with faults that a download can overcome.
func TestServers(t *testing.T) {
	status := func(code int, header ...string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	failing := func(times int, answer func(w http.ResponseWriter)) oddAnswer {
		return func(n int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
			if n < times {
				answer(w)
			}
			return n < times
		}
	}
	for _, tt := range []struct {
		name     string
		size     int
		odd      func(o *origin) oddAnswer
		change   func(o *origin, j *Job)
		requests int    // 0: any number
		log      string // a text that the log must contain
	}{
		{"plain", 10_500, nil, nil, 11, ""},
		{"one part", 999, nil, nil, 1, ""},
		{"exactly two parts", 2000, nil, nil, 2, ""},
		{"empty", 0, nil, func(_ *origin, j *Job) { j.Model = false }, 0, ""},
		{"five times 503", 500, func(*origin) oddAnswer { return failing(5, status(503)) }, nil, 6, ""},
		{"429 with RateLimit", 500, func(*origin) oddAnswer {
			return failing(1, status(429, "RateLimit", `"api";r=0;t=2`))
		}, nil, 2, ""},
		{"no ranges", 5000, func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				o.send(w, 0, len(o.data), false)
				return true
			}
		}, nil, 0, "only whole files"},
		{"no ranges, chunked", 5000, func(o *origin) oddAnswer {
			return func(_ int, w http.ResponseWriter, _ *http.Request, _, _ int) bool {
				w.Write(o.data[:100])
				w.(http.Flusher).Flush()
				w.Write(o.data[100:])
				return true
			}
		}, nil, 0, "only whole files"},
		{"length not known", 5000, nil, func(o *origin, j *Job) { j.Size = -1 }, 1, ""},
		{"tags that differ by machine", 5000, func(o *origin) oddAnswer {
			return func(n int, w http.ResponseWriter, r *http.Request, from, to int) bool {
				w.Header().Set("ETag", fmt.Sprintf(`"machine %d"`, n))
				if r.Header.Get("If-Range") != "" {
					o.send(w, 0, len(o.data), false)
				} else {
					o.send(w, from, to, true)
				}
				return true
			}
		}, nil, 0, ""},
		{"git's digest", 1500, nil, func(o *origin, j *Job) { j.SHA256, j.GitSHA1 = "", gitHash(o.data) }, 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, content(max(tt.size, 4), 1)[:tt.size])
			if tt.odd != nil {
				o.odd = tt.odd(o)
			}
			job := o.job(t)
			if tt.change != nil {
				tt.change(o, &job)
			}
			var log bytes.Buffer
			p, err := Download(t.Context(), job, o.options(&log))
			require.NoError(t, err)
			require.Contains(t, log.String(), tt.log)
			if tt.requests > 0 {
				require.Equal(t, tt.requests, o.requests(), "%v", o.asked)
			}
			requireFetched(t, job, p, o.data)
		})
	}
}
