//go:build !purego

package machine

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

// cpuLevels has the levels that this CPU can run. A CPU can run a level only
// if it has all its instructions: some CPUs have AVX2 but lack FMA or F16C.
var cpuLevels = map[string]bool{
	"avx2":       hasAVX2,
	"avxvnni":    hasAVX2 && cpuid.CPU.Supports(cpuid.AVXVNNI),
	"avx512vnni": hasAVX2 && hasAVX512 && cpu.X86.HasAVX512VNNI,
}

var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpuid.CPU.Supports(cpuid.F16C)
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ
)
