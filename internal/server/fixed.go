package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"alpaca/internal/toolcall"
)

// Fixed makes the answer to a request follow from the request, the model and itself: neither
// the clock nor chance nor what was answered before shows in it. There are no times in such
// an answer, and no token of the prompt counts as cached.
type Fixed struct {
	ID      string // of the request, of which the ids in the answer are made
	Created int64  // seconds since 1970, when everything happens, also for templates
	Seed    uint32 // where the request asks for none
}

type fixedKey struct{}

// fixedOf returns what makes a request's answer repeatable, nil for nothing.
func fixedOf(ctx context.Context) *Fixed {
	f, _ := ctx.Value(fixedKey{}).(*Fixed)
	return f
}

// now returns when a request is answered.
func (f *Fixed) now() time.Time {
	if f == nil {
		return time.Now()
	}
	return time.Unix(f.Created, 0).UTC()
}

// newID returns an id. What tells it apart from others of the same request.
func (f *Fixed) newID(prefix, what string) string {
	if f == nil {
		return newID(prefix)
	}
	sum := f.sum(what)
	return prefix + hex.EncodeToString(sum[:12])
}

// sum returns bytes that look random, of this request and what alone.
func (f *Fixed) sum(what string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", f.ID, what))
}

// callIDs returns what makes the ids of the calls in one answer. Answers to the same
// request come in any order, so that each counts for itself.
func (f *Fixed) callIDs(short bool, answer int) func() string {
	n := 0
	return func() string {
		n++
		sum := f.sum(fmt.Sprintf("call %d %d", answer, n))
		return toolcall.IDOf(short, sum[:])
	}
}

// Do answers a request that does not come over HTTP, by the handler of its path. Answers
// are not streamed. The status is HTTP's; the body is JSON on one line, without a newline.
func (s *Server) Do(ctx context.Context, path string, body []byte, f Fixed) (status int, answer []byte) {
	r := (&http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {f.ID}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Host: "localhost",
	}).WithContext(context.WithValue(ctx, fixedKey{}, &f))
	w := &record{header: http.Header{}}
	s.ServeHTTP(w, r)
	return w.status, bytes.TrimSuffix(w.body.Bytes(), []byte("\n"))
}

// record keeps a response.
type record struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *record) Header() http.Header { return r.header }

func (r *record) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *record) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}
