//go:build !purego

package codec

//go:noescape
func decodeQ4_0AVX2(dst *float32, src *byte, nb int)

//go:noescape
func decodeQ4_1AVX2(dst *float32, src *byte, nb int)

//go:noescape
func decodeQ5_0AVX2(dst *float32, src *byte, nb int)

//go:noescape
func decodeQ5_1AVX2(dst *float32, src *byte, nb int)

//go:noescape
func widenQ4_0AVX2(dst *[1024]float32, q *[32 * 16]byte, scale *[32]float32)

//go:noescape
func widenQ4_1AVX2(dst *[1024]float32, q *[32 * 16]byte, scale, least *[32]float32)

//go:noescape
func widenQ5_0AVX2(dst *[1024]float32, q *[32 * 20]byte, scale *[32]float32)

//go:noescape
func widenQ5_1AVX2(dst *[1024]float32, q *[32 * 20]byte, scale, least *[32]float32)

// decodable returns how many blocks of size bytes AVX2 can decode. Without AVX2, it returns 0.
func decodable(dst []float32, src []byte, size int) int {
	nb := len(dst) / 32
	if !decodeAVX2 || nb == 0 {
		return 0
	}
	_ = src[size*nb-1]
	return nb
}

// DecodeQ4_0 decodes blocks of Q4_0. If this CPU lacks the
// vector instructions, it does nothing and returns false.
func DecodeQ4_0(dst []float32, src []byte) bool {
	nb := decodable(dst, src, 18)
	if nb > 0 {
		decodeQ4_0AVX2(&dst[0], &src[0], nb)
	}
	return nb > 0
}

// DecodeQ4_1 does for Q4_1 what DecodeQ4_0 does for Q4_0.
func DecodeQ4_1(dst []float32, src []byte) bool {
	nb := decodable(dst, src, 20)
	if nb > 0 {
		decodeQ4_1AVX2(&dst[0], &src[0], nb)
	}
	return nb > 0
}

// DecodeQ5_0 does for Q5_0 what DecodeQ4_0 does for Q4_0.
func DecodeQ5_0(dst []float32, src []byte) bool {
	nb := decodable(dst, src, 22)
	if nb > 0 {
		decodeQ5_0AVX2(&dst[0], &src[0], nb)
	}
	return nb > 0
}

// DecodeQ5_1 does for Q5_1 what DecodeQ4_0 does for Q4_0.
func DecodeQ5_1(dst []float32, src []byte) bool {
	nb := decodable(dst, src, 24)
	if nb > 0 {
		decodeQ5_1AVX2(&dst[0], &src[0], nb)
	}
	return nb > 0
}

// WidenQ4_0 multiplies 32 rows of 32 integers by their columns' scales.
func WidenQ4_0(dst *[1024]float32, q *[32 * 16]byte, scale *[32]float32) {
	if decodeAVX2 {
		widenQ4_0AVX2(dst, q, scale)
		return
	}
	nibblesQ4_0.widenGeneric(dst, q[:], scale, nil)
}

// WidenQ4_1 does what WidenQ4_0 does, and adds a minimum for each column.
func WidenQ4_1(dst *[1024]float32, q *[32 * 16]byte, scale, least *[32]float32) {
	if decodeAVX2 {
		widenQ4_1AVX2(dst, q, scale, least)
		return
	}
	nibblesQ4_1.widenGeneric(dst, q[:], scale, least)
}

// WidenQ5_0 does what WidenQ4_0 does, for integers of 5 bits.
func WidenQ5_0(dst *[1024]float32, q *[32 * 20]byte, scale *[32]float32) {
	if decodeAVX2 {
		widenQ5_0AVX2(dst, q, scale)
		return
	}
	nibblesQ5_0.widenGeneric(dst, q[:], scale, nil)
}

// WidenQ5_1 does what WidenQ4_1 does, for integers of 5 bits.
func WidenQ5_1(dst *[1024]float32, q *[32 * 20]byte, scale, least *[32]float32) {
	if decodeAVX2 {
		widenQ5_1AVX2(dst, q, scale, least)
		return
	}
	nibblesQ5_1.widenGeneric(dst, q[:], scale, least)
}
