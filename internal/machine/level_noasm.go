//go:build purego || !(amd64 || arm64)

package machine

// cpuLevels is empty: the portable code does all the work.
var cpuLevels map[string]bool
