// Package pool runs work on several cores. A Pool has workers that live as long
// as a model is in use. These workers do one small task after another without
// allocating memory. The function Each is a parallel loop for work that is done
// once. With both, results do not depend on how the work is divided.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Task is work on n items. Any worker may do any item.
type Task interface {
	// Do does items lo to hi-1. worker is the number of the calling worker, from 0 to
	// Threads-1. Do may use the scratch memory of that worker.
	Do(worker, lo, hi int)
}

// MaxThreads is the largest number of workers that a pool can have.
const MaxThreads = 1024

// A Pool is a group of workers that is started once and then does one task after
// another. A token takes about 150 tasks. The caller of Run is worker 0.
//
// Each worker has an equal, contiguous share of a task's items, and claims this share
// chunk by chunk from the front. So the worker goes through memory in order, which is
// the fastest way to read weights. A worker that has finished its share takes chunks
// from the ends of other shares, so that all workers end at about the same time. In
// this way, a fast core takes more chunks, and a core that is busy with another program
// takes none. Run waits only for workers that have a chunk. Idle workers first spin for
// some microseconds, because the next task usually follows soon. Then they park.
//
// In several places, one goroutine sets a variable A and then reads B, while another
// goroutine sets B and then reads A. The code sets such variables with Swap or Add. According
// to Go's memory model, Store would be enough. But under qemu-aarch64 on x86, a load can
// overtake a store. With Store, about one wake-up in a million tasks was lost there.
//
// Run may be called from several goroutines; they take turns.
type Pool struct {
	threads int
	spin    time.Duration // how long to look for work before parking
	guard   func(func() error) error
	workers []*worker
	turn    sync.Mutex // held by Run

	// The current task. Run writes it before the shares, while no chunk is claimed. A worker
	// reads it only after it has claimed a chunk: Run does not return before that chunk is
	// done.
	task Task

	tasks      atomic.Int64 // how many tasks have woken workers so far
	least      atomic.Int64 // the smallest number of items in a chunk
	unfinished atomic.Int64 // how many items are not done
	failed     atomic.Pointer[error]

	waiting  atomic.Bool   // the caller of Run is parked
	finished chan struct{} // wakes the caller of Run
	closed   atomic.Bool
}

// worker is one member of a pool.
type worker struct {
	pool    *Pool
	id      int
	work    func() error // w.loop or, for worker 0, w.drain; made once, so that Run does not allocate
	claimed int          // how many claimed items of the task the worker has not yet reported as done

	share share
	_     [64]byte // keeps the fields below out of the cache line of share, which other workers read

	parked atomic.Bool
	wake   chan struct{}
}

// share has those items of a worker's share that
// nobody has claimed yet: lo to hi-1, as lo<<32 | hi.
type share struct{ bits atomic.Uint64 }

func (s *share) set(lo, hi int) { s.bits.Swap(uint64(lo)<<32 | uint64(hi)) }

func (s *share) get() (lo, hi int) {
	bits := s.bits.Load()
	return int(bits >> 32), int(bits & (1<<32 - 1))
}

// cut changes the share from lo, hi to newLo, newHi. It returns false, and
// changes nothing, if another worker has changed the share in the meantime.
func (s *share) cut(lo, hi, newLo, newHi int) bool {
	return s.bits.CompareAndSwap(uint64(lo)<<32|uint64(hi), uint64(newLo)<<32|uint64(newHi))
}

// New starts a pool. threads is the number of workers; New keeps it between 1 and
// MaxThreads. The workers run under guard, such as gguf.Guard, which turns faults
// in mapped files into errors. If guard is nil, the workers run without one.
func New(threads int, guard func(func() error) error) *Pool {
	if guard == nil {
		guard = func(fn func() error) error { return fn() }
	}
	p := &Pool{
		threads:  min(max(threads, 1), MaxThreads),
		guard:    guard,
		finished: make(chan struct{}, 1),
	}
	// If there are more threads than CPUs, workers do not spin,
	// because that would keep other threads from working.
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

// Run does items 0 to n-1 of t, in chunks of at least the given size, and returns when all are
// done. If there is only one chunk, the caller does it without waking workers. The error is a
// fault in a mapped file, or a *PanicError. After an error, some items may not be done.
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
		// If a worker finishes the last chunk after waiting is set,
		// it sends a wake-up to finished. A wake-up may also be left
		// over from an earlier Run, so this loop checks again.
		p.waiting.Swap(true)
		if p.unfinished.Load() > 0 {
			<-p.finished
		}
		p.waiting.Store(false)
	}
}
