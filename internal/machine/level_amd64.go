//go:build !purego

package machine

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

// cpuLevels are the levels that this CPU can run. A level needs all of its
// instructions: kernels that use FMA and half conversions are not for every CPU
// with AVX2.
var cpuLevels = map[string]bool{
	"avx2":       hasAVX2,
	"avxvnni":    hasAVX2 && cpuid.CPU.Supports(cpuid.AVXVNNI),
	"avx512vnni": hasAVX2 && hasAVX512 && cpu.X86.HasAVX512VNNI,
}

var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpuid.CPU.Supports(cpuid.F16C)
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ
)
