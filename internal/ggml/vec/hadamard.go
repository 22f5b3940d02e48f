package vec

import "math"

// Hadamard multiplies each run of n elements of x by the orthonormal Walsh-Hadamard matrix
// H/sqrt(n), in place. n is a power of two that divides len(x). Two calls give x again, up to
// rounding. The sums are those of the fast transform. It has a step for each h = 1, 2, 4, ... n/2:
//
//	x[j], x[j+h] = x[j] + x[j+h], x[j] - x[j+h]    in runs of 2h, for the first h of each
//
// The multiplication by float32(1/sqrt(n)) comes last.
func Hadamard(x []float32, n int) {
	hadamard(x, n)
	Scale(x, float32(1/math.Sqrt(float64(n))))
}

// hadamardGeneric does what Hadamard does, without the multiplication at the end.
func hadamardGeneric(x []float32, n int) { hadamardFrom(x, n, 1) }

// hadamardFrom does the steps from h on.
func hadamardFrom(x []float32, n, h int) {
	for ; h < n; h *= 2 {
		for i := 0; i < len(x); i += 2 * h {
			lo, hi := x[i:i+h], x[i+h:i+2*h]
			for j, a := range lo {
				b := hi[j]
				lo[j], hi[j] = a+b, a-b
			}
		}
	}
}
