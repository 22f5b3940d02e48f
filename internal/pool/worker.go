package pool

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// run is the goroutine of each worker except 0. It restarts the loop after a failure.
func (w *worker) run() {
	for !w.pool.closed.Load() {
		w.protect()
	}
}

// loop does chunks, waits for the next task, and so on, until the pool is closed.
func (w *worker) loop() error {
	p := w.pool
	for {
		told := p.tasks.Load()
		w.drain()
		if p.closed.Load() {
			return nil
		}
		if spinUntil(p.spin, func() bool { return p.tasks.Load() != told }) {
			continue
		}
		// Run adds to tasks and then reads parked. This loop sets
		// parked and then reads tasks. So Run sees that the worker
		// is parked, or the worker sees the new task, or both.
		w.parked.Swap(true)
		if p.tasks.Load() != told || p.closed.Load() {
			if w.parked.CompareAndSwap(true, false) {
				continue
			}
		}
		<-w.wake
	}
}

// unpark wakes w if it is parked.
func (w *worker) unpark() {
	if w.parked.Load() && w.parked.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// drain does chunks until none is left to claim.
func (w *worker) drain() error {
	p := w.pool
	for {
		lo, hi := w.claim()
		if lo == hi {
			w.finish()
			return nil
		}
		w.claimed += hi - lo
		if p.failed.Load() == nil {
			p.task.Do(w.id, lo, hi)
		}
	}
}

// claim claims a chunk, items lo to hi-1. It takes the front of the worker's own share. If
// that share is empty, it takes the end of the largest share. If lo == hi, no items are
// left. Chunks get smaller towards the end, so that no worker waits long for another.
func (w *worker) claim() (lo, hi int) {
	p := w.pool
	for {
		least := int(p.least.Load())
		if lo, hi = w.share.get(); lo < hi {
			if end := min(hi, lo+max(least, (hi-lo)/2)); w.share.cut(lo, hi, end, hi) {
				return lo, end
			}
			continue
		}
		from := w
		for _, other := range p.workers {
			if l, h := other.share.get(); h-l > hi-lo {
				from, lo, hi = other, l, h
			}
		}
		if lo == hi {
			return lo, hi
		}
		if start := max(lo, hi-max(least, (hi-lo)/p.threads)); from.share.cut(lo, hi, lo, start) {
			return start, hi
		}
	}
}

// finish reports that the claimed items are done. The worker reports all its chunks at once,
// because each report takes the cache line of the count away from the other workers.
func (w *worker) finish() {
	n := w.claimed
	if n == 0 {
		return
	}
	w.claimed = 0
	p := w.pool
	if p.unfinished.Add(-int64(n)) == 0 && p.waiting.Load() {
		select {
		case p.finished <- struct{}{}:
		default: // a wake-up is on its way
		}
	}
}

// protect calls w.work. A fault or a panic in a task ends the
// call. Run then returns an error, and the chunk counts as done.
func (w *worker) protect() {
	defer func() {
		if r := recover(); r != nil {
			w.fail(&PanicError{Value: r, Stack: debug.Stack()})
		}
	}()
	if err := w.pool.guard(w.work); err != nil {
		w.fail(err)
	}
}

func (w *worker) fail(err error) {
	w.pool.failed.CompareAndSwap(nil, &err)
	w.finish()
	if w.id == 0 {
		w.drain() // claim the remaining chunks, which drain skips after a failure
	}
}

// PanicError is a panic in a task, which is a bug.
type PanicError struct {
	Value any
	Stack []byte // the stack of the worker
}

func (e *PanicError) Error() string { return fmt.Sprintf("pool: a worker panicked: %v", e.Value) }

// spinUntil calls done until it returns true, but for not much longer than d. It returns the
// last result of done. Other goroutines can run meanwhile.
func spinUntil(d time.Duration, done func() bool) bool {
	if d == 0 {
		return done()
	}
	for start := time.Now(); ; {
		for range 512 {
			if done() {
				return true
			}
		}
		runtime.Gosched()
		if time.Since(start) > d {
			return done()
		}
	}
}
