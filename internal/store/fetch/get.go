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

// sources holds the URL of the bytes. When it expires, the first worker to notice drops it, and
// one new lookup serves all workers.
type sources struct {
	locate func(ctx context.Context) (Source, error)

	mu         sync.Mutex
	generation int // the number of sources dropped so far, which identifies the current source
	have       bool
	current    Source
	etag       string // the ETag of the file at the current source; "": not known, or weak
	noIfRange  bool   // the ETag changes from answer to answer, so it is useless
}

// get returns the source, its generation, and the ETag
// for If-Range, or "" for a request without If-Range.
func (s *sources) get(ctx context.Context) (src Source, generation int, etag string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.have {
		if s.current, err = s.locate(ctx); err != nil {
			return Source{}, s.generation, "", localError{err} // locate retries by itself
		}
		s.have = true
	}
	if s.noIfRange {
		return s.current, s.generation, "", nil
	}
	return s.current, s.generation, s.etag, nil
}

// drop forgets the source of this generation. It does nothing if another worker has dropped it.
func (s *sources) drop(generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if generation == s.generation {
		s.generation++
		s.have, s.etag = false, ""
	}
}

// isExpired reports whether an error says that the URL has expired.
func isExpired(err error) bool {
	var status *web.StatusError
	return !errors.As(err, new(localError)) && errors.As(err, &status) && (status.Status == http.StatusForbidden || status.Status == http.StatusGone)
}

// open requests a file's bytes, and cancels the request if no bytes arrive for
// the time Options.Stall. The caller must call alive whenever bytes arrive. At
// the end it calls closeBoth, which closes the answer and stops the timer.
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

// get fetches the missing bytes of a part over one connection. It returns how
// many bytes arrived, and the generation of the source. get reads into *buffer.
// If the digest still needs these bytes, get sets *buffer to another buffer.
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

// One Read returns few bytes, even from a fast connection. So fill reads until buf is full or
// fillFor is over. Then the file is written, and the digest updated, with many bytes at a time.
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

// fillFor is how long received bytes wait for more before they are written.
const fillFor = 50 * time.Millisecond

// cut returns a clear error for the early end of a connection.
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

// accept returns an error if an answer does not have the bytes [from, to) of
// the file, or comes from another version of the file than earlier answers.
// asked is the ETag in the request's If-Range, or "" if the request had none.
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

// sameTag returns an error if an answer is from another version of the
// file than earlier answers. If the digest is known, the ETag may differ,
// as it does between servers of a CDN: the digest is checked at the end.
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

// wholeAnswer returns the error for an answer that is the whole file instead of the requested part.
// etag is the file's ETag, and asked the ETag in the request's If-Range. If the two are equal, or
// asked is "", the server does not support ranges. Otherwise the file or its ETag has changed.
func (t *transfer) wholeAnswer(etag, asked string) error {
	s := &t.sources
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case asked == "" || etag == asked:
		return errNoRanges
	case t.job.SHA256 != "" || t.job.GitSHA1 != "":
		s.noIfRange = true
		return errors.New("the server's tag of the file has changed") // retry without If-Range
	}
	return badf("the file was changed on the server meanwhile")
}

// outOfRange turns the status 416 into a badAnswer, which says that the server's file is too short.
func (t *transfer) outOfRange(err error, from int64) error {
	var status *web.StatusError
	if errors.As(err, &status) && status.Status == http.StatusRequestedRangeNotSatisfiable {
		return badf("the server has no byte %d of the file: its length is %.40q, should be %d", from, strings.TrimPrefix(status.Header.Get("Content-Range"), "bytes */"), t.size)
	}
	return err
}

// strong returns etag if it is a strong ETag, which identifies the exact bytes, or else "".
func strong(etag string) string {
	if len(etag) < 2 || etag[0] != '"' || etag[len(etag)-1] != '"' {
		return ""
	}
	return etag
}

// noRoom explains the errors ENOSPC and EFBIG.
func noRoom(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk is full: %w", err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("files may not become that large here (ulimit -f, or the file system): %w", err)
	}
	return err
}

// ContentRangeTotal returns the length of the whole file from
// a Content-Range, and false if the header does not have it.
func ContentRangeTotal(header string) (int64, bool) {
	_, total, ok := strings.Cut(header, "/")
	n, err := strconv.ParseInt(total, 10, 64)
	return n, ok && err == nil && n >= 0
}
