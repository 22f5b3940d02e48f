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

// event is a step of one of the answers to a request. One of token, result and progress is set.
type event struct {
	index    int // number of the answer
	token    *engine.Token
	result   *engine.Result // set when the answer is complete
	progress *openai.Progress
	elapsed  time.Duration // if progress is set: time since the evaluation of the prompt began
}

// progressTimings returns the timings of a prompt that is being evaluated.
func (e *event) progressTimings() *openai.Timings {
	return openai.NewTimings(e.progress.Cache, e.progress.Processed-e.progress.Cache, 0, e.elapsed, 0)
}

// flow runs the answers to one HTTP request. A request may have several prompts with n answers
// each. Answer i of prompt p has the index p·n + i.
type flow struct {
	events chan event // closed when all answers are complete, or after err is set
	cancel context.CancelCauseFunc
	ctx    context.Context
	stop   func() bool

	fresh []atomic.Int64 // for each prompt, the number of its tokens that are not cached

	mu  sync.Mutex
	err error
}

// evaluated returns how many tokens of a prompt are not cached, and have to be evaluated.
func (f *flow) evaluated(prompt int) int { return int(f.fresh[prompt].Load()) }

// start starts the answers to prompts. It fails if the engine refuses the first
// prompt. It submits a further prompt only while the engine has fewer prompts of
// this flow than the engine answers at once. So a long list does not fill the queue.
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
	s.active[f] = true
	s.mu.Unlock()
	go f.feed(s, first, len(prompts), n, submit)
	return f, nil
}

// progress returns the Progress function of an engine.Request. The function notes how many tokens
// have to be evaluated and, if wanted, sends events.
func (f *flow) progress(prompt, n, tokens int, wanted bool) func(done, total int) {
	var start time.Time
	last := -1
	return func(done, total int) {
		f.fresh[prompt].Store(int64(total))
		// The report at the start of a step repeats the one at the end of the previous step.
		if !wanted || done == last {
			return
		}
		var elapsed time.Duration
		if last < 0 {
			start = time.Now()
		} else {
			elapsed = time.Since(start)
		}
		last = done
		p := &openai.Progress{Total: tokens, Cache: tokens - total, Processed: tokens - total + done, TimeMS: elapsed.Milliseconds()}
		select {
		case f.events <- event{index: prompt * n, progress: p, elapsed: elapsed}:
		default: // the channel is full: the next event has newer numbers
		}
	}
}

// feed submits the prompts after the first one, and passes on the events of all prompts.
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

// again submits prompt i as soon as there is room for it.
func (f *flow) again(slots chan struct{}, i int, submit func(int) (*engine.Stream, error)) (*engine.Stream, error) {
	slots <- struct{}{} // wait for an earlier prompt to finish
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

// pump passes on the events of one prompt. base is the index of its first answer.
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

// fail records why the answers are not complete, and cancels them.
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

// failed returns why the answers are not complete,
// or nil. The result is final once events is closed.
func (f *flow) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// close cancels unfinished answers and waits until they have ended.
func (f *flow) close() {
	f.stop()
	f.cancel(errGone)
	for range f.events {
	}
}

// each calls got with every event. Whenever no event has come for the time
// silence, it calls idle. each returns the first error of got or idle. If
// the answers are not complete at the end, it returns the reason.
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
