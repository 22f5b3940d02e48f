// Package machine tells what this computer is: its CPU, which sets of instructions
// kernels may use, how many threads it is good for, and how much memory this process
// takes.
package machine

import (
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// CPUName returns the CPU's name as its maker or the system gives it, such as
// "AMD EPYC 7763 64-Core Processor", or "unknown CPU".
func CPUName() string {
	if name := strings.Join(strings.Fields(cpuid.CPU.BrandName), " "); name != "" {
		return name
	}
	if name := systemCPUName(); name != "" {
		return name
	}
	return "unknown CPU"
}
