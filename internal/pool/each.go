package pool

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Each calls f once for each i from 0 to n-1, on GOMAXPROCS goroutines. After an error, no further
// calls begin. If several calls fail, Each returns the error with the lowest i, no matter which
// call ends first. A panic becomes a *PanicError.
func Each(n int, f func(i int) error) error {
	return EachWith(0, n, func() func(int) error { return f })
}

// EachWith does what Each does, on at most the given number of threads (goroutines); 0 stands for
// GOMAXPROCS. Each goroutine calls start once to get its own f, which can have memory of its own.
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

// loop is the state of one call of Each or EachWith.
type loop struct {
	n    int64
	next atomic.Int64 // the lowest i that nobody has claimed
	stop atomic.Bool  // after an error

	turn sync.Mutex // guards err and at
	err  error
	at   int64 // the i of err, or n if there is no error; all calls with a lower i have begun
}

// do claims the numbers from 0 to n-1 one by one and calls f with each number, until none is left.
func (l *loop) do(start func() func(int) error) {
	i := int64(-1) // a panic in start counts as an error before item 0
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
