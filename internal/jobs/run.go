package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// Run answers all requests of an input that its output does not have yet.
type Run struct {
	Source Source
	Output *Output
	// Answer answers a request, as Executor.Do does.
	Answer func(ctx context.Context, r *Request) (*Result, error)
	// GiveUp returns the result of a request that failed in all tries, as Executor.GiveUp does.
	GiveUp func(r *Request, code, message string) *Result

	Parallel  int // number of requests that are answered at once
	Retries   int // how often a request is tried again after a *Failure
	MaxErrors int // the run ends when more results than this have errors; negative: no limit

	// If Done is not nil, it is called after each result. Calls do not overlap.
	Done func()

	source sync.Mutex
	output sync.Mutex
	mu     sync.Mutex // guards err
	err    error
	cancel context.CancelFunc
}

// ErrTooMany says that more than MaxErrors results have errors.
var ErrTooMany = errors.New("too many results have errors")

// Do answers the requests. If it returns an error, the results written so far stay in the output,
// and another Run can resume it.
func (r *Run) Do(ctx context.Context) error {
	ctx, r.cancel = context.WithCancel(ctx)
	defer r.cancel()
	var all sync.WaitGroup
	for range r.Parallel {
		all.Go(func() {
			for {
				req, err := r.next(ctx)
				if err == nil {
					err = r.one(ctx, req)
				}
				if err != nil {
					r.end(err)
					return
				}
			}
		})
	}
	all.Wait()
	if r.err == io.EOF { // a wrapped io.EOF means that the file became shorter
		return nil
	}
	return r.err
}

// next returns the next request, or io.EOF if the run has ended.
func (r *Run) next(ctx context.Context) (*Request, error) {
	r.source.Lock()
	defer r.source.Unlock()
	if r.ended() {
		return nil, io.EOF
	}
	return r.Source.Next(ctx)
}

// ended reports whether the run has ended, so that no more requests begin.
func (r *Run) ended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil
}

// end keeps the first error, but replaces io.EOF by any other error. After io.EOF or an invalid
// line, requests in progress are still finished. Other errors cancel them.
func (r *Run) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || r.err == io.EOF {
		r.err = err
	}
	if err != io.EOF && !errors.As(err, new(*lineError)) {
		r.cancel()
	}
}

// one answers a request and adds the result to the output.
func (r *Run) one(ctx context.Context, req *Request) error {
	res, err := r.try(ctx, req)
	if err != nil {
		return err
	}
	r.output.Lock()
	defer r.output.Unlock()
	if err := r.Output.Add(res); err != nil {
		return err
	}
	if r.Done != nil {
		r.Done()
	}
	if r.MaxErrors >= 0 && r.Output.Failed > r.MaxErrors {
		return fmt.Errorf("%w: %d, at most %d are allowed", ErrTooMany, r.Output.Failed, r.MaxErrors)
	}
	return nil
}

// try answers a request, in up to Retries+1 tries.
func (r *Run) try(ctx context.Context, req *Request) (*Result, error) {
	for n := 0; ; n++ {
		res, err := r.Answer(ctx, req)
		var failed *Failure
		if err == nil || !errors.As(err, &failed) {
			return res, err
		}
		if n == r.Retries {
			return r.GiveUp(req, failed.Code, failed.Message), nil
		}
		select {
		case <-time.After(100 * time.Millisecond << min(n, 6)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
