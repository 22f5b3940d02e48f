//go:build !linux

package machine

import "runtime"

// ReadMemory returns the memory that this process uses, as Go's runtime counts it. The runtime
// does not count mapped files.
func ReadMemory() Memory {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Memory{Own: int64(m.Sys - m.HeapReleased), Mapped: -1}
}
