package ggml

import (
	"fmt"
	"math"

	"alpaca/internal/quant"
)

// softmaxGeneric replaces scores, a multiple of 8 of them, by
//
//	e^(score - max) * float32(1/sum)
//
// with max the greatest that is a number, and the sum in float64: of 8 lanes j%8 in
// order, these added as quant.DotF32 adds lanes. If asked for, the results are
// rounded to halves.
func softmaxGeneric(scores []float32, half bool) {
	m := float32(math.Inf(-1))
	for _, s := range scores {
		if s > m {
			m = s
		}
	}
	var l [8]float64
	for j, s := range scores {
		e := Exp32(s - m)
		scores[j] = e
		l[j%8] += float64(e)
	}
	sum := ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
	by := float32(1 / sum)
	for j, e := range scores {
		e *= by
		if half {
			e = quant.F16ToF32(quant.F32ToF16(e))
		}
		scores[j] = e
	}
}

// checkBlocks panics unless there are whole blocks of scores, as kernels need.
func checkBlocks(scores []float32) {
	if len(scores) == 0 || len(scores)%BlockLen != 0 {
		panic(fmt.Sprintf("ggml: softmax of %d scores, must be a multiple of %d", len(scores), BlockLen))
	}
}

// Softmax replaces x by e^(x - max x) / sum, for the few numbers of a router;
// the sum is taken in order.
func Softmax(x []float32) {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	var sum float32
	for i, v := range x {
		x[i] = Exp32(v - m)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
