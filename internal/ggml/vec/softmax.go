package vec

import (
	"fmt"
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/quant/codec"
)

// softmaxGeneric replaces scores, in whole blocks, by
//
//	e^(score - max) * float32(1/sum)
//
// with max the greatest that is a number. Of each block the sums of four, 8 apart,
//
//	(e[j] + e[j+16]) + (e[j+8] + e[j+24])    j < 8
//
// are added to 8 lanes in float64, and these as matmul.DotF32 adds lanes. If asked for,
// the results are rounded to halves.
func softmaxGeneric(scores []float32, half bool) {
	m := float32(math.Inf(-1))
	for _, s := range scores {
		if s > m {
			m = s
		}
	}
	var l [8]float64
	for b := 0; b < len(scores); b += BlockLen {
		e := scores[b : b+BlockLen]
		for j, s := range e {
			e[j] = fmath.Exp32(s - m)
		}
		for j := range l {
			l[j] += float64((e[j] + e[j+16]) + (e[j+8] + e[j+24]))
		}
	}
	sum := ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
	by := float32(1 / sum)
	for j, e := range scores {
		e *= by
		if half {
			e = codec.F16ToF32(codec.F32ToF16(e))
		}
		scores[j] = e
	}
}

// checkBlocks panics unless there are whole blocks of scores, as kernels need.
func checkBlocks(scores []float32) {
	if len(scores) == 0 || len(scores)%BlockLen != 0 {
		panic(fmt.Sprintf("vec: softmax of %d scores, must be a multiple of %d", len(scores), BlockLen))
	}
}
