package vec

import (
	"fmt"
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/quant/codec"
)

// softmaxGeneric replaces scores by
//
//	e^(score - max) * float32(1/sum)
//
// max is the largest score that is not NaN. The sum has 8 lanes of float64. Each block adds
//
//	(e[j] + e[j+16]) + (e[j+8] + e[j+24])
//
// to lane j. In the end, the lanes are added in the order of matmul.DotF32. If half is true, the
// results are rounded to float16.
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

// checkBlocks panics unless scores is one or more whole blocks, because kernels rely on that.
func checkBlocks(scores []float32) {
	if len(scores) == 0 || len(scores)%BlockLen != 0 {
		panic(fmt.Sprintf("vec: softmax of %d scores, must be a multiple of %d", len(scores), BlockLen))
	}
}
