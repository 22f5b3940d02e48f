package codec

import (
	"encoding/binary"
	"testing"

	"alpaca/internal/quant/quanttest"
)

// TestDecodeF16 compares all halves with the portable decoder's.
func TestDecodeF16(t *testing.T) {
	halves := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(halves[2*i:], uint16(i))
	}
	for _, n := range []int{0, 1, 7, 8, 9, 1 << 16} {
		in := quanttest.AtPageEnd(t, halves[:2*n])
		got, want := make([]float32, n), make([]float32, n)
		DecodeF16(got, in)
		decodeF16Generic(want, in)
		quanttest.RequireSame(t, want, got)
	}
}
