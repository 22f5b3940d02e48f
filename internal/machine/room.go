package machine

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"

	"alpaca/internal/machine/start"
)

// slack is what Go's heap may take beyond what is asked for: it grows by pieces of
// 64 MiB.
const slack = 72 << 20

// Reserve returns an error if n more bytes of memory cannot be had: within the limit
// of the address space (ulimit -v), that of this process's control group, or what
// the system has. It is asked before large allocations, because where one of Go's own
// fails the program ends. The error says what is limited and what is left; the
// caller says what the memory was for.
func Reserve(n int64) error {
	limit, used, limitedSpace := start.AddressSpace()
	inSpace := func() error {
		return fmt.Errorf("%s do not fit: the address space is limited to %s (ulimit -v), of which %s are left",
			mebibytes(n), mebibytes(limit), mebibytes(max(0, limit-used-slack)))
	}
	if limitedSpace && n > limit-used-slack {
		return inSpace()
	}
	if free, limited := groupFree(); limited && n > free {
		return fmt.Errorf("%s do not fit: the control group leaves %s of memory", mebibytes(n), mebibytes(free))
	}
	if n > math.MaxInt-slack {
		return fmt.Errorf("%s do not fit the address space of this machine", mebibytes(n))
	}
	if err := probe(int(n) + slack); err != nil {
		if limitedSpace {
			return inSpace() // other threads have taken of it in between
		}
		return fmt.Errorf("%s do not fit in memory: %w", mebibytes(n), err)
	}
	return nil
}

// mebibytes writes n for people, rounded up.
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20) }

// Limited reports whether the memory of this process is limited, by its address space
// or its control group: then what grows little by little asks Reserve before it does.
var Limited = sync.OnceValue(func() bool {
	_, _, limited := start.AddressSpace()
	_, grouped := groupFree()
	return limited || grouped
})

// FitHeap makes Go's garbage collector keep the heap within the limit of the address
// space, if there is one; without, a heap may grow to twice what is in use. It is
// called when what does not belong to the heap, such as a mapped file, has its place.
func FitHeap() {
	limit, used, ok := start.AddressSpace()
	if !ok {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + max(0, limit-used-slack))
}
