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
		limit, used, total := "/memory.max", "/memory.current", ""
		if version == 1 {
			limit, used, total = "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_"
		}
		// Without a limit version 2 says "max", which parses as none, and version 1
		// a number larger than any memory.
		if n := parseBytes(readTrim(root, dir+limit)); n > 0 {
			// The kernel gives up the pages of files when memory is asked for. The active ones
			// count too: a second run of a model has made its file's pages active.
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
