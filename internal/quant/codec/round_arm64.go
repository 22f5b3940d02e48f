//go:build !purego

package codec

//go:noescape
func roundHalf4NEON(dst, src *float32, n int)

//go:noescape
func roundBF164NEON(dst, src *float32, n int)

// roundAll does what roundAllGeneric does, with vector instructions.
func roundAll(dst, src []float32, drop int) {
	n := len(src) &^ 3
	if n > 0 {
		_ = dst[n-1]
		if drop == halfDrop {
			roundHalf4NEON(&dst[0], &src[0], n)
		} else {
			roundBF164NEON(&dst[0], &src[0], n)
		}
	}
	roundAllGeneric(dst[n:], src[n:], drop)
}
