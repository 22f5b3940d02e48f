package machine

import (
	"io/fs"
	"os"
)

// FreeMemory returns the number of bytes that may be allocated without swapping. That is the
// memory that the system has available, or less if a control group of this process has a lower
// limit. It returns 0 if the number is unknown, and at least 1 otherwise.
func FreeMemory() int64 { return freeMemory(os.DirFS("/")) }

func freeMemory(root fs.FS) int64 {
	free, _ := freeOf(root)
	return free
}

// groupFree returns what FreeMemory returns. limited reports whether free
// comes from the limit of a control group, not from the memory of the system.
func groupFree() (free int64, limited bool) { return freeOf(os.DirFS("/")) }

func freeOf(root fs.FS) (free int64, limited bool) {
	free = kilobytes("\n"+readTrim(root, "proc/meminfo"), "MemAvailable:")
	for version, dir := range controlGroups(root, "memory") {
		limit, used, total := "/memory.max", "/memory.current", ""
		if version == 1 {
			limit, used, total = "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_"
		}
		// A group without a limit has "max" in version 2 of control groups, for which
		// parseBytes returns 0. In version 1 it has a number larger than any memory.
		if n := parseBytes(readTrim(root, dir+limit)); n > 0 {
			// Cached pages of files count as free memory, because the kernel
			// reuses them when memory is needed. This includes active pages:
			// after a model has run twice, the pages of its file are active.
			stat := "\n" + readTrim(root, dir+"/memory.stat")
			cached := max(0, number(stat, total+"inactive_file")) + max(0, number(stat, total+"active_file"))
			left := max(1, n-parseBytes(readTrim(root, dir+used))+cached)
			if free < 0 || left < free {
				free, limited = left, true
			}
		}
	}
	return max(0, free), limited
}
