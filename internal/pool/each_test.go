package pool

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachCallsOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 5, 100} {
		for _, n := range []int{0, 1, 2, 64, 1000} {
			calls := make([]atomic.Int32, n)
			var started atomic.Int32
			require.NoError(t, EachWith(threads, n, func() func(int) error {
				started.Add(1)
				return func(i int) error { calls[i].Add(1); return nil }
			}))
			for i := range calls {
				require.EqualValues(t, 1, calls[i].Load(), "%d of %d", i, n)
			}
			if threads > 0 {
				require.LessOrEqual(t, int(started.Load()), max(1, min(threads, n)))
			}
		}
	}
}

// TestEachReturnsTheFirstError makes a later call fail before an earlier one.
func TestEachReturnsTheFirstError(t *testing.T) {
	for round := range 50 {
		failed := make(chan struct{})
		var calls atomic.Int32
		err := EachWith(2, 10_000, func() func(int) error {
			return func(i int) error {
				calls.Add(1)
				switch i {
				case round:
					<-failed
					return fmt.Errorf("call %d", i)
				case round + 1:
					close(failed)
					return errors.New("the error of the later call")
				}
				return nil
			}
		})
		require.EqualError(t, err, fmt.Sprint("call ", round))
		require.LessOrEqual(t, int(calls.Load()), round+2, "no call may begin after an error")
	}
}

func TestEachStopsAtAnError(t *testing.T) {
	calls := 0
	err := EachWith(1, 10, func() func(int) error {
		return func(i int) error {
			calls++
			if i == 3 {
				return errors.New("oops")
			}
			return nil
		}
	})
	require.EqualError(t, err, "oops")
	require.Equal(t, 4, calls)
}

func TestEachReturnsAPanic(t *testing.T) {
	for _, threads := range []int{1, 3} {
		err := EachWith(threads, 20, func() func(int) error {
			return func(i int) error {
				if i == 7 {
					panic("oops")
				}
				return nil
			}
		})
		var panicked *PanicError
		require.ErrorAs(t, err, &panicked)
		require.Equal(t, "oops", panicked.Value)
		require.Contains(t, string(panicked.Stack), "TestEachReturnsAPanic")
	}
	require.Error(t, EachWith(2, 20, func() func(int) error { panic("at the start") }))
}

func ExampleEach() {
	squares := make([]int, 5)
	err := Each(len(squares), func(i int) error {
		squares[i] = i * i
		return nil
	})
	fmt.Println(squares, err)
	// Output: [0 1 4 9 16] <nil>
}
