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
	// GiveUp is the result of a request that failed in all tries, as Executor.GiveUp is.
	GiveUp func(r *Request, code, message string) *Result

	Parallel  int // requests answered at once
	Retries   int // of a *Failure
	MaxErrors int // results with errors after which the run ends; negative: no limit

	// Done is called after each result, by one goroutine at a time; nil: nobody is.
	Done func()

	source sync.Mutex
	output sync.Mutex
	mu     sync.Mutex // of err
	err    error
	cancel context.CancelFunc
}

// ErrTooMany says that more results than MaxErrors have errors.
var ErrTooMany = errors.New("too many results have errors")

// Do answers them. What is in the output when it returns an error stays there: another Run
// goes on with it.
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
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// next returns the next request.
func (r *Run) next(ctx context.Context) (*Request, error) {
	r.source.Lock()
	defer r.source.Unlock()
	if r.ended() {
		return nil, io.EOF
	}
	return r.Source.Next(ctx)
}

// ended reports whether no more requests are to be begun.
func (r *Run) ended() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil
}

// end keeps the first error. At the end of the input, or where a line cannot be taken,
// those that are being answered are answered; what else goes wrong ends them.
func (r *Run) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || errors.Is(r.err, io.EOF) {
		r.err = err
	}
	if !errors.Is(err, io.EOF) && !errors.As(err, new(*lineError)) {
		r.cancel()
	}
}

// one answers a request and puts the result into the output.
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

// try answers a request in as many tries as it may take.
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
