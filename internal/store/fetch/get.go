package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"alpaca/internal/store/web"
)

// sources knows where the bytes are. An address that has expired is dropped by whoever
// notices first, and found anew once for all.
type sources struct {
	locate func(ctx context.Context) (Source, error)

	mu         sync.Mutex
	generation int // of current
	have       bool
	current    Source
	etag       string // of what current leads to; "": not known, or weak
	noIfRange  bool   // the ETag changes from answer to answer, so that it says nothing
}

// get returns the source, its generation, and the ETag to hold answers against.
func (s *sources) get(ctx context.Context) (src Source, generation int, etag string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.have {
		if s.current, err = s.locate(ctx); err != nil {
			return Source{}, s.generation, "", localError{err} // it has been asked for often enough
		}
		s.have = true
	}
	if s.noIfRange {
		return s.current, s.generation, "", nil
	}
	return s.current, s.generation, s.etag, nil
}

// drop forgets the source, unless somebody has done so already.
func (s *sources) drop(generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation == s.generation {
		s.generation++
		s.have, s.etag = false, ""
	}
}

// isExpired reports whether an answer says that the address holds no longer.
func isExpired(err error) bool {
	var status *web.StatusError
	return !errors.As(err, new(localError)) && errors.As(err, &status) && (status.Status == http.StatusForbidden || status.Status == http.StatusGone)
}

// open asks for a file's bytes and watches that they come. The caller calls alive with
// each sign of life, and closes both.
func (t *transfer) open(ctx context.Context, src Source, header http.Header) (answer *web.Answer, alive func(), closeBoth func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(t.opt.Stall, func() { cancel(errStalled) })
	answer, err = t.opt.Client.Send(ctx, web.Ask{URL: src.URL, Token: src.Token, Header: header, Bulk: true, Once: true})
	if err != nil {
		watch.Stop()
		cancel(nil)
		return nil, nil, nil, err
	}
	if enc := answer.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		err = badf("the server compresses the file with %.20q, which was not asked for", enc)
	}
	alive = func() { watch.Reset(t.opt.Stall) }
	closeBoth = func() { watch.Stop(); cancel(nil); answer.Body.Close() }
	if err != nil {
		closeBoth()
		return nil, nil, nil, err
	}
	alive()
	return answer, alive, closeBoth, nil
}

// get fetches what is missing of a part over one connection. It returns how many bytes
// came, and of which generation the source was. The buffer is another one afterwards.
func (t *transfer) get(ctx context.Context, i int, buffer *[]byte) (n int64, generation int, err error) {
	from, to := t.span(i)
	src, generation, etag, err := t.sources.get(ctx)
	if err != nil {
		return 0, generation, err
	}
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", from, to-1)}}
	if etag != "" {
		header.Set("If-Range", etag)
	}
	answer, alive, closeBoth, err := t.open(ctx, src, header)
	if err != nil {
		return 0, generation, t.outOfRange(err, from)
	}
	defer closeBoth()
	if err := t.accept(answer, generation, etag, from, to); err != nil {
		return 0, generation, err
	}
	for from+n < to {
		buf := *buffer
		k, err := fill(answer.Body, buf[:min(int64(len(buf)), to-from-n)], alive)
		if k > 0 {
			if _, err := t.file.WriteAt(buf[:k], from+n); err != nil {
				return n, generation, localError{noRoom(err)}
			}
			n += int64(k)
			*buffer = t.wrote(i, buf, k)
		}
		if err != nil && from+n < to {
			return n, generation, cut(err, ctx)
		}
	}
	if answer.ContentLength < 0 {
		if k, _ := answer.Body.Read((*buffer)[:1]); k > 0 {
			return n, generation, badf("the server sends more bytes than it was asked for")
		}
	}
	return n, generation, nil
}

// fill reads until a buffer is full or fillFor is over. A fast connection brings little at a
// time, and often: each write, and each turn of the digest, costs more than so few bytes.
func fill(r io.Reader, buf []byte, alive func()) (n int, err error) {
	for begin := time.Now(); n < len(buf) && err == nil && (n == 0 || time.Since(begin) < fillFor); {
		var k int
		if k, err = r.Read(buf[n:]); k > 0 {
			alive()
		}
		n += k
	}
	return n, err
}

// fillFor is how long bytes that have come may wait for others before they are written.
const fillFor = 50 * time.Millisecond

// cut makes the end of a connection an error that says so.
func cut(err error, ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if errors.Is(err, context.Canceled) {
		return errStalled
	}
	return err
}

// accept returns an error unless an answer is that part of the file which was asked for,
// with the tag asked, if that is not "".
func (t *transfer) accept(answer *web.Answer, generation int, asked string, from, to int64) error {
	etag := strong(answer.Header.Get("ETag"))
	switch answer.StatusCode {
	case http.StatusOK:
		return t.wholeAnswer(etag, asked)
	case http.StatusPartialContent:
	default:
		return badf("the server answers %d where a part of the file was asked for", answer.StatusCode)
	}
	got := answer.Header.Get("Content-Range")
	if want := fmt.Sprintf("bytes %d-%d/%d", from, to-1, t.size); got != want {
		return badf("the server sends the range %.60q instead of %q", got, want)
	}
	return t.sameTag(etag, generation)
}

// sameTag returns an error if an answer is of another version than those before. Where the
// digest is known, that decides, and tags that differ from one machine of a network to the
// next do no harm.
func (t *transfer) sameTag(etag string, generation int) error {
	s := &t.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	if etag == "" || generation != s.generation || s.etag == etag {
		return nil
	}
	promised := t.job.SHA256 != "" || t.job.GitSHA1 != ""
	switch {
	case promised && s.etag != "":
		s.noIfRange = true
	case !promised && t.job.ETag != "" && etag != t.job.ETag && strong(t.job.ETag) != "":
		return badf("the file was changed on the server meanwhile")
	case !promised && s.etag != "":
		return badf("the file was changed on the server meanwhile")
	}
	s.etag = etag
	return nil
}

// wholeAnswer returns what a whole file says that came where a part was asked for, if it
// had the tag asked: either the server knows no parts, or it has another version.
func (t *transfer) wholeAnswer(etag, asked string) error {
	s := &t.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case asked == "" || etag == asked:
		return errNoRanges
	case t.job.SHA256 != "" || t.job.GitSHA1 != "":
		s.noIfRange = true
		return errors.New("the server's tag of the file has changed") // asked again without one
	}
	return badf("the file was changed on the server meanwhile")
}

// outOfRange makes a badAnswer of a status that says the file is too short.
func (t *transfer) outOfRange(err error, from int64) error {
	var status *web.StatusError
	if errors.As(err, &status) && status.Status == http.StatusRequestedRangeNotSatisfiable {
		return badf("the server has no byte %d of the file: its length is %.40q, should be %d", from, strings.TrimPrefix(status.Header.Get("Content-Range"), "bytes */"), t.size)
	}
	return err
}

// strong returns an ETag by which versions can be told apart to the byte, or "".
func strong(etag string) string {
	if len(etag) < 2 || etag[0] != '"' || etag[len(etag)-1] != '"' {
		return ""
	}
	return etag
}

// noRoom says what the system's words for a full disk mean.
func noRoom(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk is full: %w", err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("files may not become that large here (ulimit -f, or the file system): %w", err)
	}
	return err
}

// ContentRangeTotal returns the length of the whole file that a Content-Range tells, or
// false.
func ContentRangeTotal(header string) (int64, bool) {
	_, total, ok := strings.Cut(header, "/")
	n, err := strconv.ParseInt(total, 10, 64)
	return n, ok && err == nil && n >= 0
}
