//go:build !purego

package exps

import (
	"alpaca/internal/fmath"
	"alpaca/internal/machine"
)

// numbers are the constants of exp4AVX2. Each is repeated in four lanes.
var numbers struct {
	steps [8][4]float64 // fmath.ExpNumbers
	limit [4]float64    // see exp4AVX2
	one   [4]float64
}

var roots *[64]float64

func init() {
	steps, powers := fmath.ExpNumbers()
	roots = powers
	for lane := range 4 {
		for i, s := range steps {
			numbers.steps[i][lane] = s
		}
		numbers.limit[lane], numbers.one[lane] = 700, 1
	}
}

var avx2 = machine.Allowed("avx2")

// exp calls the kernel directly, not through a function variable, so that x can stay on the stack.
func exp(x []float64) {
	if avx2 {
		expAVX2(x)
	} else {
		expGeneric(x)
	}
}

// exp4AVX2 replaces each of the n numbers at x by its exponential, four at a
// time. n is a multiple of four. It stops before the first four numbers that
// include a NaN or a number with |x| > numbers.limit, for which e^x may be
// subnormal or infinite. It returns how many numbers it has replaced.
//
//go:noescape
func exp4AVX2(x *float64, n int, roots *[64]float64) int

func expAVX2(x []float64) {
	for len(x) >= 4 {
		n := exp4AVX2(&x[0], len(x)&^3, roots)
		x = x[n:]
		left := min(len(x), 4)
		expGeneric(x[:left])
		x = x[left:]
	}
	expGeneric(x)
}
