package machine

import (
	"os"
	"strconv"
	"strings"
)

// ReadMemory returns the memory that this process uses, as the kernel counts it.
func ReadMemory() Memory {
	status := readTrim(os.DirFS("/"), "proc/self/status")
	return Memory{Own: kilobytes(status, "RssAnon:"), Mapped: kilobytes(status, "RssFile:")}
}

// number returns the number of a field in status, the text of a file
// such as /proc/self/status. Each line of such a file is the name of a
// field and its value. If the text lacks the field, number returns -1.
func number(status, field string) int64 {
	_, rest, found := strings.Cut(status, "\n"+field)
	if fields := strings.Fields(rest); found && len(fields) > 0 {
		if n, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			return n
		}
	}
	return -1
}

// kilobytes returns the number of bytes in a field
// that is in kB, or -1 if the text lacks the field.
func kilobytes(status, field string) int64 {
	if n := number(status, field); n >= 0 {
		return n << 10
	}
	return -1
}

// parseBytes returns s as a number, or 0 if s is not a number.
func parseBytes(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
