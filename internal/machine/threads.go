package machine

import (
	"fmt"
	"math"
	"runtime"
	"strings"
)

// Threads has the numbers that limit how many threads
// are useful. In each field, 0 stands for unknown.
type Threads struct {
	Logical int     // CPUs that this process may run on
	Cores   int     // physical cores among them
	Fast    int     // performance cores among Cores; 0 also if all cores are alike
	Quota   float64 // CPU seconds per second that the control groups allow; 0 also if they have no limit
}

// Default returns the number of threads with which inference is fastest. There is one
// thread for each performance core, or for each physical core if all are alike, but
// at most the quota, rounded up. More threads would not help: two threads on one core
// share its multipliers, and fast cores would have to wait for slow cores.
func (t Threads) Default() int {
	n := t.Logical
	for _, limit := range []int{t.Cores, t.Fast, int(math.Ceil(t.Quota))} {
		if limit > 0 {
			n = min(n, limit)
		}
	}
	return max(1, n)
}

// String returns a text with the numbers that explain Default.
func (t Threads) String() string {
	parts := []string{fmt.Sprintf("%d usable", t.Logical)}
	if t.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%d physical", t.Cores))
	}
	if t.Fast > 0 {
		parts = append(parts, fmt.Sprintf("%d fast", t.Fast))
	}
	if t.Quota > 0 {
		parts = append(parts, fmt.Sprintf("quota %.4g", t.Quota))
	}
	return "CPUs: " + strings.Join(parts, ", ")
}

// CountThreads returns the numbers for this machine.
func CountThreads() Threads {
	t := Threads{Logical: runtime.NumCPU()} // NumCPU respects the process's CPU affinity
	t.count()
	return t
}
