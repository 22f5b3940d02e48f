//go:build !linux

package machine

import "runtime"

// ReadMemory asks Go's runtime, which knows nothing of mapped files.
func ReadMemory() Memory {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Memory{Own: int64(m.Sys - m.HeapReleased), Mapped: -1}
}
