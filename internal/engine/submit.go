package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"alpaca/internal/sampler"
)

// Submit puts a request into the queue. When ctx is cancelled, the request's answers end with the
// Reason Interrupt. Submit returns an error if the request is invalid: a *PromptError if the prompt
// does not fit into the context. It returns ErrQueueFull if too many requests wait, and ErrClosed
// after a call of Drain or Close.
func (e *Engine) Submit(ctx context.Context, req Request) (*Stream, error) {
	g, err := e.newGroup(ctx, &req)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.draining:
		return nil, ErrClosed
	case e.busy >= e.opt.Parallel+e.opt.Queue && !e.accounts.newcomer(req.Key, e.busy-e.opt.Parallel, e.opt.Queue):
		return nil, ErrQueueFull
	}
	cancelled, cancel := context.WithCancel(ctx)
	g.done, g.stream.cancel = cancelled.Err, cancel
	unwatch := context.AfterFunc(cancelled, e.wake)
	g.stop = func() bool { cancel(); return unwatch() }
	e.waiting = append(e.waiting, g)
	e.accounts.open(req.Key)
	e.busy++
	e.wakeLocked()
	return g.stream, nil
}

// newGroup checks a request, and returns a group with its answers.
func (e *Engine) newGroup(ctx context.Context, req *Request) (*group, error) {
	m := e.Model()
	switch n := req.answers(); {
	case len(req.Prompt) == 0:
		return nil, errors.New("engine: the prompt has no tokens")
	case slices.Contains(req.Stop, ""):
		return nil, errors.New("engine: an empty stop string")
	case req.N < 0 || n > e.opt.Answers:
		return nil, fmt.Errorf("engine: %d answers, must be between 1 and %d", req.N, e.opt.Answers)
	case n > 1 && (req.Sampler != nil || req.Text != nil || req.Full != nil):
		return nil, errors.New("engine: several answers cannot share a sampler or a text")
	case len(req.Prompt) > e.opt.Ctx:
		return nil, &PromptError{len(req.Prompt), e.opt.Ctx}
	case req.Text != nil && req.Text.engine != e:
		return nil, errors.New("engine: a text of another engine")
	}
	if req.LoRA != nil && len(req.LoRA) != len(m.LoRAs) {
		return nil, fmt.Errorf("engine: scales of %d adapters, but the model has %d", len(req.LoRA), len(m.LoRAs))
	}
	for i, id := range req.Prompt {
		if id < 0 || int(id) >= m.Config.VocabSize {
			return nil, fmt.Errorf("engine: token %d of the prompt is %d, which is not in the vocabulary of %d", i, id, m.Config.VocabSize)
		}
	}
	g := &group{req: req, stream: newStream(ctx, req.Window, req.answers()), began: time.Now(), prompt: len(req.Prompt), left: req.answers()}
	g.tok, g.stream.wake = m.Tokenizer, e.wake
	g.salt = req.Salt + adapterSalt(m, req.LoRA)
	params := req.Sampling
	for i := range g.left {
		a := &answer{
			group: g, index: i, tokens: slices.Clone(req.Prompt), sampler: req.Sampler,
			stream: m.Tokenizer.NewStream(), held: newHolder(req.Stop),
		}
		if a.sampler == nil {
			var err error
			if a.sampler, err = sampler.New(params, e.vocab); err != nil {
				return nil, err
			}
			params.Seed = a.sampler.Seed() + 1
			if params.Seed == sampler.RandomSeed {
				params.Seed = 0
			}
			for _, id := range req.Prompt {
				a.sampler.Accept(id)
			}
		}
		if req.Grammar != nil {
			a.grammar = req.Grammar()
		}
		a.result.Seed = a.sampler.Seed()
		g.answers = append(g.answers, a)
	}
	return g, nil
}

// Run answers a request. It calls emit with each token before the next step, but not after ctx
// has ended. If emit returns an error, Run ends the answer and returns that error. The request's
// Text then holds only tokens that emit has seen.
func (e *Engine) Run(ctx context.Context, req Request, emit func(Token) error) (Result, error) {
	req.Window = 1
	s, err := e.Submit(ctx, req)
	if err != nil {
		return Result{}, err
	}
	var failed error
	for t, ok := s.Next(); ok; t, ok = s.Next() {
		if emit == nil {
			continue
		}
		if failed = emit(t); failed != nil {
			s.Cancel()
		}
	}
	if failed == nil {
		failed = s.Err()
	}
	r := s.Results()[0]
	if passed := r.length - r.Unread; r.Unread > 0 && req.Text != nil && req.Text.Len() > passed {
		req.Text.Truncate(passed)
	}
	return r, failed
}
