package machine

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// levels names the sets of instructions that kernels are written for; of one
// architecture each is better than the ones after it. avx512vnni and avxvnni both
// include avx2, i8mm includes sdot, sdot neon.
//
//	avx512vnni  AVX-512 F, BW, VL, DQ, VNNI
//	avxvnni     AVX-VNNI
//	avx2        AVX2, FMA, F16C
//	i8mm        8-bit matrix multiplication
//	sdot        dot products of bytes
//	neon        Advanced SIMD, which every arm64 has
var levels = []string{"avx512vnni", "avxvnni", "avx2", "i8mm", "sdot", "neon"}

// ceiling is the best level to be used, from ALPACA_KERNEL: a level's name, or
// "generic" for none. It lets tests and bug reports pick an instruction set.
var ceiling = os.Getenv("ALPACA_KERNEL")

// CheckCeiling returns an error if ALPACA_KERNEL is not the name of a level.
func CheckCeiling() error {
	if ceiling == "" || ceiling == "generic" || slices.Contains(levels, ceiling) {
		return nil
	}
	return fmt.Errorf("machine: ALPACA_KERNEL is %q, must be %s or generic", ceiling, strings.Join(levels, ", "))
}

// Allowed reports whether kernels of that level may be used: whether this CPU can
// run them and ALPACA_KERNEL does not ask for a lower level.
func Allowed(level string) bool {
	if ceiling == "" {
		return cpuLevels[level]
	}
	most := slices.Index(levels, ceiling)
	return cpuLevels[level] && most >= 0 && slices.Index(levels, level) >= most
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

// HasLevel reports whether this CPU can run kernels of that level, whatever
// ALPACA_KERNEL says.
func HasLevel(level string) bool { return cpuLevels[level] }
