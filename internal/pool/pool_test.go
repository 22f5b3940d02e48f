package pool

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// countTask counts how often each item is done, and checks the worker numbers.
type countTask struct {
	done    []atomic.Int32
	workers int
	bad     atomic.Int32
	do      func(i int)
}

func (t *countTask) Do(worker, lo, hi int) {
	if worker < 0 || worker >= t.workers || lo >= hi {
		t.bad.Add(1)
	}
	for i := lo; i < hi; i++ {
		t.done[i].Add(1)
		if t.do != nil {
			t.do(i)
		}
	}
}

func (t *countTask) requireAllDoneOnce(tb testing.TB) {
	tb.Helper()
	require.Zero(tb, t.bad.Load())
	for i := range t.done {
		require.EqualValues(tb, 1, t.done[i].Load(), "item %d", i)
	}
}

func TestDoesEveryItemOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 7, 16} {
		p := New(threads, nil)
		for _, n := range []int{0, 1, 2, 5, 64, 1000} {
			for _, chunk := range []int{0, 1, 3, 64, 5000} {
				task := &countTask{done: make([]atomic.Int32, n), workers: threads}
				require.NoError(t, p.Run(task, n, chunk))
				task.requireAllDoneOnce(t)
			}
		}
		p.Close()
		p.Close()
	}
}

// TestManyRuns looks for lost wake-ups, and for chunks that are done only
// in the next Run. Pauses between runs let the workers go to sleep.
func TestManyRuns(t *testing.T) {
	p := New(5, nil)
	defer p.Close()
	task := &countTask{done: make([]atomic.Int32, 9), workers: 5}
	for i := range 20000 {
		require.NoError(t, p.Run(task, len(task.done), 1+i%3))
		if i%1000 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	for i := range task.done {
		require.EqualValues(t, 20000, task.done[i].Load())
	}
}

// TestTakesFromSlowWorkers makes one worker wait in its first
// chunk until the other workers have done all other items.
func TestTakesFromSlowWorkers(t *testing.T) {
	const n = 64
	for _, threads := range []int{2, 3, 8} {
		p := New(threads, nil)
		task := &countTask{done: make([]atomic.Int32, n), workers: threads}
		var claimed atomic.Int32
		task.do = func(i int) {
			claimed.Add(1)
			for i == 0 && int(claimed.Load()) < n-n/threads/2 { // the first chunk is half of a share, or less
				time.Sleep(time.Microsecond)
			}
		}
		require.NoError(t, p.Run(task, n, 1))
		task.requireAllDoneOnce(t)
		p.Close()
	}
}

func TestIsSharedByCallers(t *testing.T) {
	p := New(3, nil)
	defer p.Close()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				task := &countTask{done: make([]atomic.Int32, 20), workers: 3}
				if p.Run(task, 20, 2) != nil || task.done[19].Load() != 1 {
					t.Error("Run must do every item once and return no error")
				}
			}
		})
	}
	all.Wait()
}

func TestReturnsAPanicAndGoesOn(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		p := New(threads, nil)
		for bad := range 6 {
			task := &countTask{done: make([]atomic.Int32, 6), workers: threads}
			task.do = func(i int) {
				if i == bad {
					panic("oops")
				}
			}
			err := p.Run(task, 6, 1)
			var panicked *PanicError
			require.ErrorAs(t, err, &panicked)
			require.Equal(t, "oops", panicked.Value)
			require.Contains(t, string(panicked.Stack), "TestReturnsAPanic")
			require.ErrorContains(t, err, "oops")

			task = &countTask{done: make([]atomic.Int32, 6), workers: threads}
			require.NoError(t, p.Run(task, 6, 1))
			task.requireAllDoneOnce(t)
		}
		p.Close()
	}
}

func TestReturnsErrorsOfItsGuard(t *testing.T) {
	broken := errors.New("cut")
	guard := func(fn func() error) (err error) {
		defer func() {
			if recover() != nil {
				err = broken
			}
		}()
		return fn()
	}
	p := New(4, guard)
	defer p.Close()
	task := &countTask{done: make([]atomic.Int32, 50), workers: 4, do: func(int) { panic("fault") }}
	require.ErrorIs(t, p.Run(task, 50, 1), broken)
}

func TestRunAllocatesNothing(t *testing.T) {
	p := New(3, nil)
	defer p.Close()
	task := &countTask{done: make([]atomic.Int32, 12), workers: 3}
	require.Zero(t, testing.AllocsPerRun(200, func() { p.Run(task, 12, 1) }))
}

func BenchmarkRun(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(map[int]string{1: "1 thread", 2: "2 threads"}[threads], func(b *testing.B) {
			p := New(threads, nil)
			defer p.Close()
			task := &countTask{done: make([]atomic.Int32, 8), workers: threads}
			for b.Loop() {
				p.Run(task, 8, 1)
			}
		})
	}
}
