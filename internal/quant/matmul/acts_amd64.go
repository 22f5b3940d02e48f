//go:build !purego

package matmul

import "alpaca/internal/machine"

// Pack instructions turn 4 vectors of int32 into bytes,
// but not in order. packedOrder restores the order.
var packedOrder = [8]int32{0, 4, 1, 5, 2, 6, 3, 7}

var actsAVX2 = machine.Allowed("avx2")

// Constants of the assembly: 1 in all int16, and 1 in all bytes.
var (
	ones16        = [16]int16{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	ones8  uint32 = 0x01010101
)

//go:noescape
func quantizeActs32AVX2(q *int8, d *float32, pairs *uint32, ds, x *float32, nb int)

//go:noescape
func quantizeActs256AVX2(q *int8, d *float32, sums *int16, x *float32, nb int)

// quantizeActs does what quantizeActsGeneric does, with vector instructions.
func quantizeActs(a *Acts, row int, x []float32) {
	switch q, at := row*a.Stride, row*a.Blocks; {
	case !actsAVX2 || a.Blocks == 0:
		quantizeActsGeneric(a, row, x)
	case a.form == ActQ8K:
		quantizeActs256AVX2(&a.Q[q], &a.D[at], &a.Sums[at*16], &x[0], a.Blocks)
	default:
		quantizeActs32AVX2(&a.Q[q], &a.D[at], &a.Pairs[at], &a.DS[at], &x[0], a.Blocks)
		a.roundScales(row)
	}
}
