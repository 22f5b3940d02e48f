package machine

import (
	"os"
	"strconv"
	"strings"
)

// ReadMemory asks the kernel.
func ReadMemory() Memory {
	status := readTrim(os.DirFS("/"), "proc/self/status")
	return Memory{Own: kilobytes(status, "RssAnon:"), Mapped: kilobytes(status, "RssFile:")}
}

// number returns a field of a file such as /proc/self/status, whose lines are a name and
// a number; -1 where it is absent.
func number(status, field string) int64 {
	_, rest, found := strings.Cut(status, "\n"+field)
	if fields := strings.Fields(rest); found && len(fields) > 0 {
		if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			return n
		}
	}
	return -1
}

// kilobytes is number for a field in kB, in bytes.
func kilobytes(status, field string) int64 {
	if n := number(status, field); n >= 0 {
		return n << 10
	}
	return -1
}

// parseBytes returns a number of bytes, 0 where s is not a number.
func parseBytes(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
