package codec

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"alpaca/internal/quant/quanttest"
)

// TestDecodeF16 decodes every float16 and compares the results with those of the portable decoder.
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

// TestWidenNibbles compares the kernels that widen cached keys with the portable code.
func TestWidenNibbles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return quanttest.AtPageEnd(t, b)
	}
	four, five := (*[32 * 16]byte)(noise(32*16)), (*[32 * 20]byte)(noise(32*20))
	scale, least := [32]float32(quanttest.NormalFloats(r, 32)), [32]float32(quanttest.NormalFloats(r, 32))
	scale[3], scale[17], least[5], scale[9] = float32(math.Inf(1)), float32(math.NaN()), float32(math.Inf(-1)), 0
	for name, tt := range map[string]struct {
		n     nibbles
		q     []byte
		least *[32]float32
		widen func(dst *[1024]float32)
	}{
		"Q4_0": {nibblesQ4_0, four[:], nil, func(dst *[1024]float32) { WidenQ4_0(dst, four, &scale) }},
		"Q4_1": {nibblesQ4_1, four[:], &least, func(dst *[1024]float32) { WidenQ4_1(dst, four, &scale, &least) }},
		"Q5_0": {nibblesQ5_0, five[:], nil, func(dst *[1024]float32) { WidenQ5_0(dst, five, &scale) }},
		"Q5_1": {nibblesQ5_1, five[:], &least, func(dst *[1024]float32) { WidenQ5_1(dst, five, &scale, &least) }},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got [1024]float32
			tt.n.widenGeneric(&want, tt.q, &scale, tt.least)
			tt.widen(&got)
			quanttest.RequireSame(t, want[:], got[:])
		})
	}
}
