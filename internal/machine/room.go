package machine

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"

	"alpaca/internal/machine/start"
)

// slack is how many bytes an allocation may add to Go's heap beyond
// its own size, because the heap grows in pieces of 64 MiB.
const slack = 72 << 20

// Reserve returns an error if n more bytes cannot be allocated. It checks the limit of the address
// space (ulimit -v), the limit of the control group, and whether the system grants the address
// space. Call Reserve before large allocations, because a failed allocation in Go ends the program.
// The error says what is limited and what is left. The caller should add what the memory was for.
func Reserve(n int64) error {
	limit, used, limitedSpace := start.AddressSpace()
	inSpace := func() error {
		return fmt.Errorf("%s do not fit: the address space is limited to %s (ulimit -v), and %s are left",
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
			return inSpace() // another thread has taken address space since the check above
		}
		return fmt.Errorf("%s do not fit in memory: %w", mebibytes(n), err)
	}
	return nil
}

// mebibytes returns n in MiB, rounded up.
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20) }

// Limited reports whether the address space or the control group limits the memory
// of this process. If so, also call Reserve before many small allocations.
var Limited = sync.OnceValue(func() bool {
	_, _, limited := start.AddressSpace()
	_, grouped := groupFree()
	return limited || grouped
})

// FitHeap makes Go's garbage collector keep the heap within the limit of the address space, if
// there is one. Without FitHeap, the heap may grow to twice the memory in use. Call FitHeap
// after files have been mapped and other memory outside the heap has been allocated.
func FitHeap() {
	limit, used, ok := start.AddressSpace()
	if !ok {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + max(0, limit-used-slack))
}
