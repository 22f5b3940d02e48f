// Package pool runs work on several cores. A Pool is a team of workers that lives as
// long as a model is at work and does one small task after the other, without
// allocating; Each is a loop whose steps are done side by side, for work that is
// done once. How work is shared never shows in a result.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Task is work on n items, any of which may be done by any worker.
type Task interface {
	// Do does items lo to hi-1. worker, from 0 up to the pool's Threads, says
	// whose scratch memory may be used.
	Do(worker, lo, hi int)
}

// MaxThreads is the most workers that a pool can have.
const MaxThreads = 1024

// A Pool is a team of workers that is started once and then given one task
// after the other, some 150 for a token. The caller of Run is worker 0.
//
// Each worker has an equal share of a task's items, one after the other, and claims them
// in chunks: so it goes through memory in order, which is how weights are read fastest.
// One that has finished its share takes chunks from the ends of the others', so that all
// end together: a fast core takes more, a core that the system gave to another program
// takes none, and nobody waits for a worker that has no chunk. Idle workers spin for
// some microseconds, because the next task follows soon, and then park.
//
// Where one side sets A and looks at B, and the other sets B and looks at A, A and B are
// set by Swap or Add. Store would do by Go's memory model, but qemu-aarch64 on x86 lets
// the look overtake a store: a wake-up was lost about once in a million tasks.
//
// Run may be called from several goroutines; they take turns.
type Pool struct {
	threads int
	spin    time.Duration // how long to look for work before parking
	guard   func(func() error) error
	workers []*worker
	turn    sync.Mutex // held by Run

	// The current task. It is written before the shares are, and only while no chunk
	// is claimed: a worker reads it after it has claimed a chunk, which keeps Run from
	// returning.
	task Task

	tasks      atomic.Int64 // that workers were told of, the current one included
	least      atomic.Int64 // items of a chunk at least
	unfinished atomic.Int64 // items that are not done
	failed     atomic.Pointer[error]

	waiting  atomic.Bool   // the caller of Run is parked
	finished chan struct{} // wakes it
	closed   atomic.Bool
}

// worker is one member of a pool.
type worker struct {
	pool    *Pool
	id      int
	work    func() error // w.loop or, for worker 0, w.drain; made once, so that a Run allocates nothing
	claimed int          // items of the task that it has claimed

	share share
	_     [64]byte // others look at the shares: not at the cache line of the next

	parked atomic.Bool
	wake   chan struct{}
}

// share is the items lo to hi-1 that a worker has not claimed yet: lo<<32 | hi.
type share struct{ bits atomic.Uint64 }

func (s *share) set(lo, hi int) { s.bits.Swap(uint64(lo)<<32 | uint64(hi)) }

func (s *share) get() (lo, hi int) {
	bits := s.bits.Load()
	return int(bits >> 32), int(bits & (1<<32 - 1))
}

// cut makes the share lo to hi-1 smaller, if it still is that.
func (s *share) cut(lo, hi, newLo, newHi int) bool {
	return s.bits.CompareAndSwap(uint64(lo)<<32|uint64(hi), uint64(newLo)<<32|uint64(newHi))
}

// New starts a pool of threads workers, at least 1 and at most MaxThreads.
// Its goroutines run under guard, which turns faults in mapped files into
// errors (gguf.Guard); nil stands for a plain call.
func New(threads int, guard func(func() error) error) *Pool {
	if guard == nil {
		guard = func(fn func() error) error { return fn() }
	}
	p := &Pool{
		threads:  min(max(threads, 1), MaxThreads),
		guard:    guard,
		finished: make(chan struct{}, 1),
	}
	// Where there are more threads than CPUs to run them, one that spins keeps
	// another from working.
	if p.threads <= runtime.GOMAXPROCS(0) {
		p.spin = 50 * time.Microsecond
	}
	for id := range p.threads {
		w := &worker{pool: p, id: id, wake: make(chan struct{}, 1)}
		w.work = w.loop
		if id == 0 {
			w.work = w.drain
		}
		p.workers = append(p.workers, w)
	}
	for _, w := range p.workers[1:] {
		go w.run()
	}
	return p
}

// Threads returns the number of workers.
func (p *Pool) Threads() int { return p.threads }

// Close ends the workers. The pool must not be used afterwards.
func (p *Pool) Close() {
	p.turn.Lock()
	defer p.turn.Unlock()
	if p.closed.Swap(true) {
		return
	}
	for _, w := range p.workers[1:] {
		w.unpark()
	}
}

// Run does items 0 to n-1 of t, at least chunk of them at a time, and returns when
// all are done. Where there is but one chunk the caller does it at once. The error
// is a fault in a mapped file, or a *PanicError; the items are then not all done.
func (p *Pool) Run(t Task, n, chunk int) error {
	if n <= 0 {
		return nil
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	p.task = t
	chunk = max(chunk, 1)
	p.least.Store(int64(chunk))
	p.unfinished.Store(int64(n))
	helpers := min((n+chunk-1)/chunk, p.threads) - 1
	for i, w := range p.workers[:1+helpers] {
		w.share.set(n*i/(1+helpers), n*(i+1)/(1+helpers))
	}
	if helpers > 0 {
		p.tasks.Add(1)
	}
	for _, w := range p.workers[1 : 1+helpers] {
		w.unpark()
	}
	p.workers[0].protect()
	p.wait()
	p.task = nil
	if err := p.failed.Swap(nil); err != nil {
		return *err
	}
	return nil
}

// wait returns when all items are done.
func (p *Pool) wait() {
	for p.unfinished.Load() > 0 {
		if spinUntil(p.spin, func() bool { return p.unfinished.Load() == 0 }) {
			return
		}
		// Whoever finishes the last chunk after this sees waiting. A wake-up
		// may be left over from an earlier Run: hence the loop.
		p.waiting.Swap(true)
		if p.unfinished.Load() > 0 {
			<-p.finished
		}
		p.waiting.Store(false)
	}
}
