//go:build !linux && !darwin

package machine

import "github.com/klauspost/cpuid/v2"

// count takes the cores from the CPU itself.
func (t *Threads) count() { t.Cores = cpuid.CPU.PhysicalCores }

// systemCPUName returns "": the CPU did not tell its name either.
func systemCPUName() string { return "" }
