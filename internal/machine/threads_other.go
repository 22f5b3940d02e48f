//go:build !linux && !darwin

package machine

import "github.com/klauspost/cpuid/v2"

// count sets the number of cores, as the CPU reports it.
func (t *Threads) count() { t.Cores = cpuid.CPU.PhysicalCores }

// systemCPUName returns "", because on this system only the CPU itself can give its name.
func systemCPUName() string { return "" }
