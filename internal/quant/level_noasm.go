//go:build purego || !(amd64 || arm64)

package quant

// cpuLevels is empty where the portable code does all the work.
var cpuLevels map[string]bool
