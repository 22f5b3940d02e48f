//go:build purego || !(amd64 || arm64)

package codec

// DecodeF16 converts float16 to float32.
func DecodeF16(dst []float32, src []byte) { decodeF16Generic(dst, src) }

// DecodeQ8_0 returns false: there is no vector code for this CPU.
func DecodeQ8_0(dst []float32, src []byte) bool { return false }

func roundAll(dst, src []float32, drop int) { roundAllGeneric(dst, src, drop) }
