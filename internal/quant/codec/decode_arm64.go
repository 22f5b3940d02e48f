//go:build !purego

package codec

import "alpaca/internal/machine"

var decodeNEON = machine.Allowed("neon")

//go:noescape
func decodeF16NEON(dst *float32, src *byte, n int)

//go:noescape
func decodeQ8_0NEON(dst *float32, src *byte, nb int)

// DecodeF16 converts float16 to float32.
func DecodeF16(dst []float32, src []byte) {
	if n := len(dst) &^ 7; decodeNEON && n > 0 {
		_ = src[2*n-1]
		decodeF16NEON(&dst[0], &src[0], n)
		dst, src = dst[n:], src[2*n:]
	}
	decodeF16Generic(dst, src)
}

// DecodeQ8_0 decodes blocks of Q8_0. If this CPU lacks the
// vector instructions, it does nothing and returns false.
func DecodeQ8_0(dst []float32, src []byte) bool {
	nb := len(dst) / 32
	if !decodeNEON || nb == 0 {
		return false
	}
	_ = src[34*nb-1]
	decodeQ8_0NEON(&dst[0], &src[0], nb)
	return true
}
