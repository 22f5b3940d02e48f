package pool

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Each calls f once for each i from 0 to n-1, on as many goroutines as Go uses CPUs.
// After an error no further calls begin. The error is that of the lowest i, whatever
// the order of the calls; for a panic it is a *PanicError.
func Each(n int, f func(i int) error) error {
	return EachWith(0, n, func() func(int) error { return f })
}

// EachWith is Each on at most threads goroutines, or as many as Go uses CPUs if
// threads is 0. Each goroutine gets its f from start, and with it memory of its own.
func EachWith(threads, n int, start func() (f func(i int) error)) error {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	l := loop{n: int64(n), at: int64(n)}
	if threads = min(threads, n); threads <= 1 {
		l.do(start)
		return l.err
	}
	var group sync.WaitGroup
	for range threads {
		group.Go(func() { l.do(start) })
	}
	group.Wait()
	return l.err
}

// loop is a call of Each.
type loop struct {
	n    int64
	next atomic.Int64 // the lowest i that nobody has claimed
	stop atomic.Bool  // after an error

	turn sync.Mutex // for the rest
	err  error
	at   int64 // the i of err; as i are claimed in order, those below all come to an end
}

// do claims i after i until none is left.
func (l *loop) do(start func() func(int) error) {
	i := int64(-1) // a panic in start comes before those in f
	defer func() {
		if r := recover(); r != nil {
			l.fail(i, &PanicError{Value: r, Stack: debug.Stack()})
		}
	}()
	for f := start(); !l.stop.Load(); {
		if i = l.next.Add(1) - 1; i >= l.n {
			return
		}
		if err := f(int(i)); err != nil {
			l.fail(i, err)
		}
	}
}

func (l *loop) fail(i int64, err error) {
	l.stop.Store(true)
	l.turn.Lock()
	defer l.turn.Unlock()
	if i < l.at {
		l.err, l.at = err, i
	}
}
