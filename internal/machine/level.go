package machine

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// levels lists the levels: names of the instruction sets that kernels are
// written for. The best level of each architecture comes first. avx512vnni
// and avxvnni include avx2. i8mm includes sdot, and sdot includes neon.
//
//	avx512vnni  AVX-512 F, BW, VL, DQ, VNNI
//	avxvnni     AVX-VNNI
//	avx2        AVX2, FMA, F16C
//	i8mm        8-bit matrix multiplication
//	sdot        dot products of bytes
//	neon        Advanced SIMD, which every arm64 CPU has
var levels = []string{"avx512vnni", "avxvnni", "avx2", "i8mm", "sdot", "neon"}

// ceiling is the best level that may be used. "generic" allows portable code only, and ""
// sets no limit. The variable ALPACA_KERNEL is for tests, and for users who report a bug.
var ceiling = os.Getenv("ALPACA_KERNEL")

// CheckCeiling returns an error if ALPACA_KERNEL is set but is neither a level nor "generic".
func CheckCeiling() error {
	if ceiling == "" || ceiling == "generic" || slices.Contains(levels, ceiling) {
		return nil
	}
	return fmt.Errorf("machine: ALPACA_KERNEL is %q, must be %s or generic", ceiling, strings.Join(levels, ", "))
}

// Allowed reports whether kernels of a level may be used: this CPU can run them, and
// ALPACA_KERNEL does not ask for a lower level.
func Allowed(level string) bool {
	if ceiling == "" {
		return cpuLevels[level]
	}
	highest := slices.Index(levels, ceiling)
	return cpuLevels[level] && highest >= 0 && slices.Index(levels, level) >= highest
}

// Levels returns the levels that this CPU can run, best first.
func Levels() []string {
	var can []string
	for _, l := range levels {
		if cpuLevels[l] {
			can = append(can, l)
		}
	}
	return can
}

// HasLevel reports whether this CPU can run kernels of a level. It ignores ALPACA_KERNEL.
func HasLevel(level string) bool { return cpuLevels[level] }
