package fetch

import (
	"context"
	"errors"
	"io"
	"time"

	"alpaca/internal/store/web"
)

// take returns the first incomplete part that no worker has, or false.
func (t *transfer) take() (i int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := t.lead; i < len(t.taken); i++ {
		if !t.taken[i] && t.state.Done[i] < t.state.length(i) {
			t.taken[i] = true
			return i, true
		}
	}
	return 0, false
}

// work fetches parts until none is left.
func (t *transfer) work(ctx context.Context) error {
	buf := make([]byte, bufferSize)
	for {
		i, ok := t.take()
		if !ok || ctx.Err() != nil {
			return nil
		}
		if err := t.piece(ctx, i, &buf); err != nil {
			return err
		}
	}
}

// piece fetches one part, and retries if a connection fails.
func (t *transfer) piece(ctx context.Context, i int, buf *[]byte) error {
	for try, expired := 0, 0; ; {
		n, generation, err := t.get(ctx, i, buf)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if n > 0 {
			try, expired = 0, 0
		}
		if isExpired(err) && expired < 2 {
			expired++
			t.sources.drop(generation)
			continue
		}
		try++
		wait, again := t.retry(err, try)
		if !again {
			return err
		}
		if err := t.opt.Client.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// retry returns whether to retry after an error, and how long to wait.
func (t *transfer) retry(err error, try int) (wait time.Duration, again bool) {
	var local localError
	var bad *badAnswer
	if errors.As(err, &local) || errors.As(err, &bad) || errors.Is(err, errNoRanges) || try >= web.Tries {
		return 0, false
	}
	if errors.Is(err, io.ErrUnexpectedEOF) && try == 1 {
		return 0, true // a single cut connection is no reason to wait
	}
	return web.Retry(err, try)
}
