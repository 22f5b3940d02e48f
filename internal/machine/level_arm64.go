//go:build !purego

package machine

import "golang.org/x/sys/cpu"

// cpuLevels has the levels that this CPU can run.
var cpuLevels = map[string]bool{
	"neon": true,
	"sdot": cpu.ARM64.HasASIMDDP,
	"i8mm": cpu.ARM64.HasASIMDDP && cpu.ARM64.HasI8MM,
}
