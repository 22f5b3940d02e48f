//go:build !purego

package codec

// Constants of the macro ROUNDBITS. The first eight lanes are 1. The next eight are half of
// the last bit that is kept, minus 1. The last eight are a mask of the bits that are kept.
var (
	roundHalf = roundConsts(halfDrop)
	roundBF16 = roundConsts(bf16Drop)
)

func roundConsts(drop int) (c [24]uint32) {
	for i := range 8 {
		c[i], c[8+i], c[16+i] = 1, 1<<(drop-1)-1, ^uint32(0)<<drop
	}
	return c
}

//go:noescape
func roundHalf8AVX2(dst, src *float32, n int)

//go:noescape
func roundBF168AVX2(dst, src *float32, n int)

// roundAll does what roundAllGeneric does, with vector instructions.
func roundAll(dst, src []float32, drop int) {
	n := 0
	if decodeAVX2 {
		n = len(src) &^ 7
	}
	if n > 0 {
		_ = dst[n-1]
		if drop == halfDrop {
			roundHalf8AVX2(&dst[0], &src[0], n)
		} else {
			roundBF168AVX2(&dst[0], &src[0], n)
		}
	}
	roundAllGeneric(dst[n:], src[n:], drop)
}
