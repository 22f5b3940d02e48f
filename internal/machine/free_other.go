//go:build !linux

package machine

// FreeMemory returns 0, which stands for unknown. Only Linux reports it.
func FreeMemory() int64 { return 0 }

func groupFree() (free int64, limited bool) { return 0, false }
