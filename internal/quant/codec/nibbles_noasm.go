//go:build purego || !amd64

package codec

// DecodeQ4_0 returns false: there is no vector code for this CPU.
func DecodeQ4_0(dst []float32, src []byte) bool { return false }

// DecodeQ4_1 returns false: there is no vector code for this CPU.
func DecodeQ4_1(dst []float32, src []byte) bool { return false }

// DecodeQ5_0 returns false: there is no vector code for this CPU.
func DecodeQ5_0(dst []float32, src []byte) bool { return false }

// DecodeQ5_1 returns false: there is no vector code for this CPU.
func DecodeQ5_1(dst []float32, src []byte) bool { return false }

// WidenQ4_0 multiplies 32 rows of 32 integers by their columns' scales.
func WidenQ4_0(dst *[1024]float32, q *[32 * 16]byte, scale *[32]float32) {
	nibblesQ4_0.widenGeneric(dst, q[:], scale, nil)
}

// WidenQ4_1 does what WidenQ4_0 does, and adds a minimum for each column.
func WidenQ4_1(dst *[1024]float32, q *[32 * 16]byte, scale, least *[32]float32) {
	nibblesQ4_1.widenGeneric(dst, q[:], scale, least)
}

// WidenQ5_0 does what WidenQ4_0 does, for integers of 5 bits.
func WidenQ5_0(dst *[1024]float32, q *[32 * 20]byte, scale *[32]float32) {
	nibblesQ5_0.widenGeneric(dst, q[:], scale, nil)
}

// WidenQ5_1 does what WidenQ4_1 does, for integers of 5 bits.
func WidenQ5_1(dst *[1024]float32, q *[32 * 20]byte, scale, least *[32]float32) {
	nibblesQ5_1.widenGeneric(dst, q[:], scale, least)
}
