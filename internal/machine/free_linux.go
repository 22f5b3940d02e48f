package machine

import "os"

// FreeMemory returns the bytes that may be allocated without swapping: what the
// system has available, or what the control group leaves if that is less; 0
// where it is not known.
func FreeMemory() int64 {
	root := os.DirFS("/")
	free := max(0, kilobytes("\n"+readTrim(root, "proc/meminfo"), "MemAvailable:"))
	// cgroup v2: memory.max is "max" where there is no limit, which parses as none.
	limit, used := parseBytes(readTrim(root, "sys/fs/cgroup/memory.max")), parseBytes(readTrim(root, "sys/fs/cgroup/memory.current"))
	if limit > 0 && (free == 0 || limit-used < free) {
		free = max(0, limit-used)
	}
	return free
}
