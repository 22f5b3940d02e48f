package fetch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// stream fetches the whole file over one connection. Each try starts at the beginning.
func (t *transfer) stream(ctx context.Context) error {
	buf := make([]byte, bufferSize)
	last := time.Now()
	for try, expired := 1, 0; ; {
		err := t.once(ctx, buf, &last)
		if err == nil {
			t.opt.Report(t.progress())
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, generation, _, _ := t.sources.get(ctx); isExpired(err) && expired < 2 {
			expired++
			t.sources.drop(generation)
			continue
		}
		if _, bad := errors.AsType[*notModel](err); bad {
			return err
		}
		wait, again := t.retry(err, try)
		if try++; !again {
			return err
		}
		if err := t.opt.Client.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// once is one try of stream.
func (t *transfer) once(ctx context.Context, buf []byte, last *time.Time) error {
	t.size = t.job.Size
	t.total = 0
	t.sum = newSum(t.job.GitSHA1 != "", t.job.Size)
	if err := t.file.Truncate(0); err != nil {
		return localError{err}
	}
	src, _, _, err := t.sources.get(ctx)
	if err != nil {
		return err
	}
	answer, alive, closeBoth, err := t.open(ctx, src, nil)
	if err != nil {
		return err
	}
	defer closeBoth()
	if answer.StatusCode != http.StatusOK {
		return badf("the server answers %d where the whole file was asked for", answer.StatusCode)
	}
	wrong := badf("the server sends %d bytes, should send %d", answer.ContentLength, t.size)
	if answer.ContentLength < 0 || t.size < 0 || answer.ContentLength == t.size {
		wrong = nil
		t.size = max(t.size, answer.ContentLength)
	}
	for n := int64(0); ; {
		k, err := answer.Body.Read(buf)
		if k > 0 {
			alive()
			if n == 0 && t.job.Model {
				if err := checkMagic(buf[:k]); err != nil {
					return err // more useful than an error about the length: the answer's beginning often shows what the problem is
				}
			}
			if wrong != nil {
				return wrong
			}
			if t.size >= 0 && n+int64(k) > t.size {
				return badf("the server sends more than the %d bytes that the file should have", t.size)
			}
			if _, err := t.file.WriteAt(buf[:k], n); err != nil {
				return localError{noRoom(err)}
			}
			n += int64(k)
			t.sum.Write(buf[:k])
			t.total = n
		}
		if now := time.Now(); now.Sub(*last) > 100*time.Millisecond {
			*last = now
			t.opt.Report(t.progress())
		}
		if err == io.EOF && (t.size < 0 || n == t.size) {
			t.size = n
			return nil
		}
		if err != nil {
			return cmp.Or(wrong, cut(err, ctx))
		}
	}
}
