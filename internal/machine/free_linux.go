package machine

import (
	"io/fs"
	"os"
)

// FreeMemory returns the bytes that may be allocated without swapping: what the
// system has available, or what this process's control group or one around it
// leaves if that is less, at least 1; 0 where it is not known.
func FreeMemory() int64 { return freeMemory(os.DirFS("/")) }

func freeMemory(root fs.FS) int64 {
	free, _ := freeOf(root)
	return free
}

// groupFree returns what is free, and whether that is what a control group leaves
// rather than what the system has.
func groupFree() (free int64, limited bool) { return freeOf(os.DirFS("/")) }

func freeOf(root fs.FS) (free int64, limited bool) {
	free = kilobytes("\n"+readTrim(root, "proc/meminfo"), "MemAvailable:")
	for version, dir := range controlGroups(root, "memory") {
		limit, used, cached := "/memory.max", "/memory.current", "inactive_file"
		if version == 1 {
			limit, used, cached = "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"
		}
		// Without a limit version 2 says "max", which parses as none, and version 1
		// a number larger than any memory.
		if n := parseBytes(readTrim(root, dir+limit)); n > 0 {
			// Files' pages that nobody has used lately are given up when memory is asked for.
			idle := max(0, number("\n"+readTrim(root, dir+"/memory.stat"), cached))
			left := max(1, n-parseBytes(readTrim(root, dir+used))+idle)
			if free < 0 || left < free {
				free, limited = left, true
			}
		}
	}
	return max(0, free), limited
}
