// Package machine describes this computer. It knows the CPU, the instruction sets
// that kernels may use, and the best number of threads for inference. It also knows
// how much memory this process uses, and how much memory it may still allocate.
package machine

import (
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// CPUName returns the name of the CPU, such as "AMD EPYC 7763 64-Core Processor", or "unknown
// CPU". The name comes from the CPU itself or from the system.
func CPUName() string {
	if name := strings.Join(strings.Fields(cpuid.CPU.BrandName), " "); name != "" {
		return name
	}
	if name := systemCPUName(); name != "" {
		return name
	}
	return "unknown CPU"
}
