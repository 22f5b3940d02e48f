package quant

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/quanttest"
)

// legacyFormats describes the formats before GGUF. The function weight
// returns the integer of weight e, and the offsets of its scale and minimum
// in the block. The offset of the minimum is -1 in formats without minima.
var legacyFormats = []struct {
	typ    Type
	bytes  int
	scales []int // offsets of all scales and minima
	wide   bool  // scales and minima are float32 instead of float16
	weight func(b []byte, e int) (code int, scale, min int)
}{
	{Q4_0v1, 20, []int{0}, true, func(b []byte, e int) (int, int, int) { return adjacent(b[4:], e) - 8, 0, -1 }},
	{Q4_0v2, 20, []int{0}, true, func(b []byte, e int) (int, int, int) { return split(b[4:], e) - 8, 0, -1 }},
	{Q4_1v1, 24, []int{0, 4}, true, func(b []byte, e int) (int, int, int) { return adjacent(b[8:], e), 0, 4 }},
	{Q4_1v2, 24, []int{0, 4}, true, func(b []byte, e int) (int, int, int) { return split(b[8:], e), 0, 4 }},
	{Q5_0v1, 22, []int{0}, false, func(b []byte, e int) (int, int, int) {
		return adjacent(b[6:], e) + 16*int(b[2+e/8]>>(e%8)&1) - 16, 0, -1
	}},
	{Q5_1v1, 24, []int{0, 2}, false, func(b []byte, e int) (int, int, int) {
		return adjacent(b[8:], e) + 16*int(b[4+e/8]>>(e%8)&1), 0, 2
	}},
	{Q8_0v1, 36, []int{0}, true, func(b []byte, e int) (int, int, int) { return int(int8(b[4+e])), 0, -1 }},
	{Q4_2, 20, []int{0, 10}, false, func(b []byte, e int) (int, int, int) {
		h := e / 16 * 10
		return adjacent(b[h+2:], e%16) - 8, h, -1
	}},
	{Q4_3, 24, []int{0, 2, 12, 14}, false, func(b []byte, e int) (int, int, int) {
		h := e / 16 * 12
		return adjacent(b[h+4:], e%16), h, h + 2
	}},
}

// adjacent returns nibble e of b. Byte j holds nibbles 2j and 2j+1.
func adjacent(b []byte, e int) int { return int(b[e/2] >> (e % 2 * 4) & 15) }

// split returns nibble e of 32 nibbles. Byte j of b holds nibbles j and j+16.
func split(b []byte, e int) int { return int(b[e%16] >> (e / 16 * 4) & 15) }

// legacyBlock returns a random block, whose scales and minima are the given numbers in turn.
func legacyBlock(r *rand.Rand, bytes int, offsets []int, wide bool, scale func() float32) []byte {
	b := make([]byte, bytes)
	for j := range b {
		b[j] = byte(r.Uint32())
	}
	for _, at := range offsets {
		if wide {
			binary.LittleEndian.PutUint32(b[at:], math.Float32bits(scale()))
		} else {
			codec.PutF16(b[at:], scale())
		}
	}
	return b
}

// TestLegacyDecode compares Decode with each format's formula, w = q*d or w = q*d + m. The product
// is rounded before m is added.
func TestLegacyDecode(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -0.25, 65504, 0x1p-24, float32(math.Inf(1)), float32(math.NaN())}
	for _, f := range legacyFormats {
		t.Run(f.typ.String(), func(t *testing.T) {
			require.True(t, CanCompute(f.typ))
			require.True(t, IsLegacy(f.typ))
			require.Equal(t, 32, f.typ.BlockLen())
			require.Equal(t, f.bytes, f.typ.BlockBytes())
			_, err := ParseType(f.typ.String())
			require.ErrorContains(t, err, "unknown type", "ParseType must not know the types from before GGUF")

			r := rand.New(rand.NewPCG(1, uint64(f.typ)))
			for i := range 200 {
				block := legacyBlock(r, f.bytes, f.scales, f.wide, func() float32 {
					if i < 64 {
						return special[r.IntN(len(special))]
					}
					return float32(r.NormFloat64()) / 16
				})
				at := func(i int) float32 {
					if f.wide {
						return math.Float32frombits(binary.LittleEndian.Uint32(block[i:]))
					}
					return codec.F16ToF32(binary.LittleEndian.Uint16(block[i:]))
				}
				got := make([]float32, 32)
				Decode(f.typ, got, block)
				for e, v := range got {
					code, scale, min := f.weight(block, e)
					want := float32(float32(code) * at(scale))
					if min >= 0 {
						want += at(min)
					}
					quanttest.RequireSameFloat(t, want, v, "weight %d of % x", e, block)
				}
			}
		})
	}
}
