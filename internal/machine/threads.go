package machine

import (
	"fmt"
	"math"
	"runtime"
	"strings"
)

// Threads is the number of threads that inference is fastest with, and how it
// came about. All bounds are at least 1; 0 where the system does not tell.
type Threads struct {
	Logical int     // CPUs that this process may run on
	Cores   int     // physical cores among them
	Fast    int     // performance cores among those
	Quota   float64 // CPUs' worth of time that the control group allows
}

// Default returns the number of threads to use: one for each performance core,
// because two threads of one core share its multipliers and slow cores make
// the fast ones wait, but not more than use up the quota.
func (t Threads) Default() int {
	n := t.Logical
	for _, limit := range []int{t.Cores, t.Fast, int(math.Ceil(t.Quota))} {
		if limit > 0 {
			n = min(n, limit)
		}
	}
	return max(1, n)
}

// String explains the default.
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

// CountThreads looks at the machine.
func CountThreads() Threads {
	t := Threads{Logical: runtime.NumCPU()} // respects the affinity
	t.count()
	return t
}
