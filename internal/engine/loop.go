package engine

import (
	"context"
	"slices"
	"time"
)

// loop runs steps, and waits while there is nothing to do, until the engine is closed.
func (e *Engine) loop() {
	defer close(e.done)
	for {
		e.mu.Lock()
		wakes, closing := e.wakes, e.closing
		e.mu.Unlock()
		if closing {
			e.end()
			return
		}
		e.beat()
		if e.step() {
			continue
		}
		e.lastBeat.Store(0)
		e.mu.Lock()
		for e.wakes == wakes {
			e.changed.Wait()
		}
		e.mu.Unlock()
	}
}

// beat notes that the loop makes progress.
func (e *Engine) beat() { e.lastBeat.Store(time.Now().UnixNano()) }

// Stalled returns how long ago the loop last made progress: when it
// last began a step or evaluated a layer. Stalled returns 0 while the
// loop has nothing to do, for example while every answer waits for its reader.
func (e *Engine) Stalled() time.Duration {
	last := e.lastBeat.Load()
	if last == 0 {
		return 0
	}
	return max(0, time.Since(time.Unix(0, last)))
}

// end ends all texts.
func (e *Engine) end() {
	e.work.Lock()
	defer e.work.Unlock()
	e.admitAll()
	for _, a := range slices.Concat(e.running, e.resting) {
		a.end("", ErrClosed)
	}
	e.settle()
	if e.prefix != nil {
		e.prefix.clear()
	}
}

// admitAll begins the answers of all waiting requests,
// so that the method end can end these answers, too.
func (e *Engine) admitAll() {
	e.mu.Lock()
	waiting := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	for _, g := range waiting {
		for _, a := range g.answers {
			e.begin(a)
		}
	}
}

// step evaluates one batch. It returns false if there was nothing to do.
func (e *Engine) step() bool {
	e.work.Lock()
	defer e.work.Unlock()
	e.cancel()
	e.settle()
	e.admit()
	e.catchUp()
	e.frugal = false
	for e.compose() {
		if e.reserve() {
			return e.evaluate()
		}
	}
	return e.makeWay() || e.settle()
}

// cancel ends the texts whose requests are cancelled.
func (e *Engine) cancel() {
	e.mu.Lock()
	var cancelled []*group
	e.waiting = slices.DeleteFunc(e.waiting, func(g *group) bool {
		if g.done() == nil {
			return false
		}
		cancelled = append(cancelled, g)
		return true
	})
	e.mu.Unlock()
	for _, g := range cancelled {
		for _, a := range g.answers {
			e.begin(a)
		}
	}
	for _, list := range [][]*answer{e.running, e.resting} {
		for _, a := range list {
			if a.group.done() != nil && !a.ended {
				a.end(Interrupt, nil)
			}
		}
	}
}

// begin adds an answer to the running answers.
func (e *Engine) begin(a *answer) {
	if a.seq == nil {
		if a.seq = e.runner.NewSeq(); a.group.req.Text != nil {
			a.seq = a.group.req.Text.seq
		}
		a.seq.SetScales(a.group.req.LoRA) // newGroup has checked the scales
	}
	e.admitted++
	a.order = e.admitted
	e.drafts(a)
	e.running = append(e.running, a)
}

// settle passes new tokens to the streams, and removes the answers that have ended. It
// returns true if any has ended.
func (e *Engine) settle() (ended bool) {
	for _, list := range [][]*answer{e.running, e.resting} {
		for _, a := range list {
			if a.err != nil && a.group.err == nil {
				a.group.err = a.err
				for _, other := range a.group.answers {
					other.end("", a.err)
				}
			}
		}
	}
	gone := func(a *answer) bool {
		a.group.stream.put(a.ready)
		a.ready = nil
		if a.ended {
			e.finish(a)
			ended = true
		}
		return a.ended
	}
	e.running = slices.DeleteFunc(e.running, gone)
	e.resting = slices.DeleteFunc(e.resting, gone)
	if ended {
		e.mu.Lock()
		e.stats.Running = len(e.running) + len(e.resting)
		e.countBlocks()
		e.mu.Unlock()
	}
	return ended
}

// finish frees the memory of an answer that has ended. After the last answer of a request, it
// ends the request's stream.
func (e *Engine) finish(a *answer) {
	g := a.group
	e.undraft(a)
	if a.seq != nil {
		e.publish(a, true)
		if g.req.Text == nil {
			a.seq.Free()
		}
	}
	if !a.read {
		a.result.PromptTokens, a.result.CachedTokens = 0, 0
	}
	e.mu.Lock()
	if a.result.Reason == Interrupt {
		e.stats.Cancelled++
	}
	e.mu.Unlock()
	if !g.shared {
		g.shared = true
		for _, other := range g.answers {
			if other.seq == nil { // it has not begun
				other.end(a.result.Reason, a.err)
				other.result.Reason = a.result.Reason
				g.left--
			}
		}
	}
	if g.left--; g.left > 0 {
		return
	}
	g.stop()
	var results []Result
	for _, a := range g.answers {
		a.result.length = len(a.tokens)
		results = append(results, a.result)
	}
	if g.req.Text != nil && g.started {
		g.req.Text.busy.Store(false)
	}
	g.stream.finish(results, g.err)
	e.mu.Lock()
	e.accounts.close(g.req.Key)
	e.busy--
	e.wakeLocked()
	e.mu.Unlock()
}

// abandoned is the context of a batch. It is cancelled once the requests of all texts in the
// batch are cancelled.
type abandoned struct {
	context.Context
	rows []rows
}

func (c abandoned) Err() error {
	for _, r := range c.rows {
		if r.answer.group.done() == nil {
			return nil
		}
	}
	return context.Canceled
}
