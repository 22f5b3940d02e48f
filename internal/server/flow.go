package server

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"alpaca/internal/engine"
	"alpaca/internal/openai"
)

// event is a step of one of the answers to a request.
type event struct {
	index    int // of the answer
	token    *engine.Token
	result   *engine.Result // it is complete
	progress *openai.Progress
}

// flow is the answers to one HTTP request, which may have several prompts with several
// answers each: answer i of prompt p has the index p·n + i.
type flow struct {
	events chan event // closed when all answers are complete, or err says why they are not
	cancel context.CancelCauseFunc
	ctx    context.Context
	stop   func() bool

	fresh []atomic.Int64 // tokens of each prompt that were to be evaluated

	mu  sync.Mutex
	err error
}

// evaluated returns how many tokens of a prompt were, or are to be, evaluated.
func (f *flow) evaluated(prompt int) int { return int(f.fresh[prompt].Load()) }

// start begins to answer prompts. It fails where the engine refuses the first of them. The
// others are submitted as earlier ones finish, as many at a time as the engine answers: a
// long list does not fill the queue.
func (s *Server) start(parent context.Context, prompts [][]int32, req engine.Request, progress bool) (*flow, error) {
	ctx, cancel := context.WithCancelCause(parent)
	f := &flow{events: make(chan event, 64), ctx: ctx, cancel: cancel, fresh: make([]atomic.Int64, len(prompts))}
	f.stop = context.AfterFunc(s.ending, func() { cancel(errDraining) })
	n := max(req.N, 1)
	submit := func(i int) (*engine.Stream, error) {
		r := req
		r.Prompt = prompts[i]
		r.Progress = f.progress(i, n, len(prompts[i]), progress)
		return s.engine.Submit(ctx, r)
	}
	first, err := submit(0)
	if err != nil {
		f.stop()
		cancel(nil)
		return nil, err
	}
	s.mu.Lock()
	s.active[f] = time.Now()
	s.mu.Unlock()
	go f.feed(s, first, len(prompts), n, submit)
	return f, nil
}

// progress returns an engine.Request's Progress. It counts the prompt's evaluated tokens, and
// sends events where wanted.
func (f *flow) progress(prompt, n, tokens int, wanted bool) func(done, total int) {
	start, last := time.Now(), -1
	return func(done, total int) {
		f.fresh[prompt].Store(int64(total))
		if !wanted || done == last { // it is called after each layer, a token need not be complete
			return
		}
		last = done
		p := &openai.Progress{Total: tokens, Cache: tokens - total, Processed: tokens - total + done, TimeMS: time.Since(start).Milliseconds()}
		select {
		case f.events <- event{index: prompt * n, progress: p}:
		default: // the next one tells more
		}
	}
}

// feed submits the prompts after the first and passes on what is answered.
func (f *flow) feed(s *Server, first *engine.Stream, prompts, n int, submit func(int) (*engine.Stream, error)) {
	defer close(f.events)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.active, f)
	}()
	var pumps sync.WaitGroup
	defer pumps.Wait()
	slots := make(chan struct{}, max(1, s.opt.Parallel/n))
	stream := first
	for i := 0; ; {
		slots <- struct{}{}
		pumps.Add(1)
		go func(stream *engine.Stream, base int) {
			defer func() { <-slots; pumps.Done() }()
			f.pump(s, stream, base)
		}(stream, i*n)
		if i++; i == prompts {
			return
		}
		var err error
		if stream, err = f.again(slots, i, submit); err != nil {
			f.fail(err)
			return
		}
	}
}

// again submits a prompt as soon as there is room for it.
func (f *flow) again(slots chan struct{}, i int, submit func(int) (*engine.Stream, error)) (*engine.Stream, error) {
	slots <- struct{}{} // wait for one of our own to end
	<-slots
	for {
		stream, err := submit(i)
		if !errors.Is(err, engine.ErrQueueFull) {
			return stream, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-f.ctx.Done():
			return nil, f.ctx.Err()
		}
	}
}

// pump passes on the answers to one prompt, whose first is answer base.
func (f *flow) pump(s *Server, stream *engine.Stream, base int) {
	last, first := time.Now(), true
	for t, ok := stream.Next(); ok; t, ok = stream.Next() {
		now := time.Now()
		if first {
			s.metrics.Begun(now.Sub(last))
		} else {
			s.metrics.Token(now.Sub(last))
		}
		last, first = now, false
		f.events <- event{index: base + t.Index, token: &t}
	}
	if err := stream.Err(); err != nil {
		f.fail(err)
		return
	}
	for i, r := range stream.Results() {
		if r.Reason == engine.Interrupt {
			f.fail(context.Canceled)
			return
		}
		s.metrics.Answer(&r)
		f.events <- event{index: base + i, result: &r}
	}
}

// fail ends all answers.
func (f *flow) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		if cause := context.Cause(f.ctx); cause != nil && cause != context.Canceled {
			f.err = cause
		}
	}
	f.cancel(f.err)
}

// failed returns why the answers are not complete, after events is closed.
func (f *flow) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// close cancels unfinished answers and waits for their end.
func (f *flow) close() {
	f.stop()
	f.cancel(errGone)
	for range f.events {
	}
}

// each calls got with every event, and idle whenever nothing came for the time silence. It
// returns why the answers are not complete.
func (f *flow) each(silence time.Duration, idle func() error, got func(event) error) error {
	timer := time.NewTicker(silence)
	defer timer.Stop()
	for {
		select {
		case e, ok := <-f.events:
			if !ok {
				return f.failed()
			}
			if err := got(e); err != nil {
				return err
			}
			timer.Reset(silence)
		case <-timer.C:
			if err := idle(); err != nil {
				return err
			}
		}
	}
}
