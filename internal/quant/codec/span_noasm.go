//go:build purego || !amd64

package codec

// EncodeF16 rounds x to float16.
func EncodeF16(dst []byte, x []float32) { encodeF16Generic(dst, x) }

// EncodeQ4_0 returns false: there is no vector code for this CPU.
func EncodeQ4_0([]byte, []float32) bool { return false }

// EncodeQ4_1: see EncodeQ4_0.
func EncodeQ4_1([]byte, []float32) bool { return false }

// EncodeQ5_0: see EncodeQ4_0.
func EncodeQ5_0([]byte, []float32) bool { return false }

// EncodeQ5_1: see EncodeQ4_0.
func EncodeQ5_1([]byte, []float32) bool { return false }

// EncodeQ8_0: see EncodeQ4_0.
func EncodeQ8_0([]byte, []float32) bool { return false }
