//go:build !linux && !darwin

package machine

import "github.com/klauspost/cpuid/v2"

// count sets the number of cores, as the CPU reports it.
func (t *Threads) count() { t.Cores = cpuid.CPU.PhysicalCores }

// systemCPUName returns "", because this system has no source for the name except the CPU
// itself.
func systemCPUName() string { return "" }
