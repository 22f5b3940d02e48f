package ab

import (
	"context"
	"errors"
	"sync"

	"alpaca/internal/abtest"
	"alpaca/internal/engine"
	"alpaca/internal/oneshot"
)

// live keeps both models in memory. They answer while people vote: first the prompts that judges
// write, then the prompts of the plan, in order.
type live struct {
	o  *options
	st abtest.Store
	id int64

	models [2]*oneshot.Local

	mu      sync.Mutex
	changed *sync.Cond
	own     [2][]int // for each model: the judges' prompts that it still has to answer
	plan    [2][]int // for each model: the plan's prompts that it still has to answer
	ended   bool
}

// serveLive lets people vote on a page while both models answer.
func (o *options) serveLive(ctx context.Context, st abtest.Store, s *abtest.Session, sides []*side) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &live{o: o, st: st, id: s.ID}
	l.changed = sync.NewCond(&l.mu)
	for slot, side := range sides {
		local, m, err := o.open(side.model, side.options, o.sampling.Params)
		if err != nil {
			return err
		}
		defer m.Close()
		l.models[slot] = local
		for n := range s.List {
			own, isOwn := s.Own[n]
			switch {
			case s.Answers[n][slot] != nil || own.Failed:
			case isOwn:
				l.own[slot] = append(l.own[slot], n)
			default:
				l.plan[slot] = append(l.plan[slot], n)
			}
		}
	}
	var wait sync.WaitGroup
	for slot := range l.models {
		for range o.parallel {
			wait.Go(func() {
				if err := l.work(ctx, abtest.Slot(slot)); err != nil {
					cancel(err)
				}
			})
		}
	}
	stop := context.AfterFunc(ctx, l.end)
	defer stop()
	err := o.serve(ctx, st, s, l.ask)
	cancel(err)
	wait.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause // err says only that the page ended; cause says why
	}
	return err
}

// ask lets both models answer prompt n, which a judge has written.
func (l *live) ask(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for slot := range l.own {
		l.own[slot] = append(l.own[slot], n)
	}
	l.changed.Broadcast()
}

// end makes the goroutines in work return.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.changed.Broadcast()
}

// take waits for the next prompt that a model has to answer. ok is false after end was called.
func (l *live) take(slot abtest.Slot) (n int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.ended {
			return 0, false
		}
		for _, list := range []*[]int{&l.own[slot], &l.plan[slot]} {
			if len(*list) > 0 {
				n, *list = (*list)[0], (*list)[1:]
				return n, true
			}
		}
		l.changed.Wait()
	}
}

// work answers prompts with one model until end is called.
func (l *live) work(ctx context.Context, slot abtest.Slot) error {
	for {
		n, ok := l.take(slot)
		if !ok {
			return nil
		}
		s, err := l.st.Load(ctx, l.id)
		if err != nil {
			return err
		}
		err = l.o.answerOne(ctx, l.st, s, n, slot, l.models[slot])
		if _, long := errors.AsType[*engine.PromptError](err); long && s.IsOwn(n) {
			err = l.st.Fail(ctx, l.id, n)
		}
		if err != nil {
			return err
		}
		if s, err = l.st.Load(ctx, l.id); err == nil {
			err = l.st.AddEqual(ctx, s)
		}
		if errors.Is(err, abtest.ErrClosed) {
			err = nil
		}
		if err != nil {
			return err
		}
	}
}
