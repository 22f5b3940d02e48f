package quant

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// legacyFormats are the formats of before GGUF, from the point of view of a
// single weight: where the scale and minimum of weight e are, and its code.
var legacyFormats = []struct {
	typ    Type
	bytes  int
	scales []int // offsets of all scales and minima
	wide   bool  // they are float32, not float16
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

// adjacent returns number e of nibbles that lie two neighbours to a byte.
func adjacent(b []byte, e int) int { return int(b[e/2] >> (e % 2 * 4) & 15) }

// split returns number e of 32 nibbles of which byte j has j and j+16.
func split(b []byte, e int) int { return int(b[e%16] >> (e / 16 * 4) & 15) }

// legacyBlock returns a random block with the given scales in turn.
func legacyBlock(r *rand.Rand, bytes int, offsets []int, wide bool, scale func() float32) []byte {
	b := make([]byte, bytes)
	for j := range b {
		b[j] = byte(r.Uint32())
	}
	for _, at := range offsets {
		if wide {
			binary.LittleEndian.PutUint32(b[at:], math.Float32bits(scale()))
		} else {
			putF16(b[at:], scale())
		}
	}
	return b
}

// TestLegacyDecode compares Decode with each format's formula: w = q*d, or q*d
// rounded and m added.
func TestLegacyDecode(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -0.25, 65504, 0x1p-24, float32(math.Inf(1)), float32(math.NaN())}
	for _, f := range legacyFormats {
		t.Run(f.typ.String(), func(t *testing.T) {
			require.True(t, CanCompute(f.typ))
			require.True(t, IsLegacy(f.typ))
			require.Equal(t, 32, f.typ.BlockLen())
			require.Equal(t, f.bytes, f.typ.BlockBytes())
			_, err := ParseType(f.typ.String())
			require.ErrorContains(t, err, "unknown type", "it cannot be asked for")

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
					return F16ToF32(binary.LittleEndian.Uint16(block[i:]))
				}
				got := make([]float32, 32)
				Decode(f.typ, got, block)
				for e, v := range got {
					code, scale, min := f.weight(block, e)
					want := float32(float32(code) * at(scale))
					if min >= 0 {
						want += at(min)
					}
					requireSameFloat(t, want, v, "weight %d of % x", e, block)
				}
			}
		})
	}
}

// TestLegacyDot compares each format's dot product with the decoded weights
// times the activations as quantized, in float64: only rounding may differ.
func TestLegacyDot(t *testing.T) {
	const tokens, cols = 3, 512
	for _, f := range legacyFormats {
		t.Run(f.typ.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, uint64(f.typ)))
			var row []byte
			for range cols / 32 {
				scale := func() float32 { return float32(r.NormFloat64()) / 16 }
				row = append(row, legacyBlock(r, f.bytes, f.scales, f.wide, scale)...)
			}
			w := make([]float32, cols)
			Decode(f.typ, w, row)
			var a Acts
			a.Reset(f.typ, tokens, cols)
			for i := range tokens {
				a.Quantize(i, normalFloats(r, cols))
			}
			got := make([]float32, tokens)
			dotRow(f.typ, got, row, &a, new(rowScratch))
			requireProducts(t, got, row, w, &a, f.typ)
		})
	}
}

// TestLegacySame gives the same weights in an old and in today's layout: the
// products must be the same to the bit, so that a file that is converted
// without loss answers as before.
func TestLegacySame(t *testing.T) {
	const cols = 256
	tests := []struct {
		old, now           Type
		oldHead, nowHead   int // bytes before the nibbles
		oldScale, nowScale []int
		wide               bool
	}{
		{Q4_0v1, Q4_0, 4, 2, []int{0}, []int{0}, true},
		{Q4_0v2, Q4_0, 4, 2, []int{0}, []int{0}, true},
		{Q4_1v1, Q4_1, 8, 4, []int{0, 4}, []int{0, 2}, true},
		{Q4_1v2, Q4_1, 8, 4, []int{0, 4}, []int{0, 2}, true},
		{Q5_0v1, Q5_0, 6, 6, []int{0}, []int{0}, false},
		{Q5_1v1, Q5_1, 8, 8, []int{0, 2}, []int{0, 2}, false},
		{Q8_0v1, Q8_0, 4, 2, []int{0}, []int{0}, true},
	}
	for _, test := range tests {
		t.Run(test.old.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, uint64(test.old)))
			var old, now []byte
			for range cols / 32 {
				n := make([]byte, test.now.BlockBytes())
				for j := range n {
					n[j] = byte(r.Uint32())
				}
				o := make([]byte, test.old.BlockBytes())
				if test.old == Q5_0v1 || test.old == Q5_1v1 {
					copy(o, n[:test.nowHead]) // Qh
				}
				for k := range test.nowScale {
					scale := F16ToF32(F32ToF16(float32(r.NormFloat64()) / 16)) // fits both
					putF16(n[test.nowScale[k]:], scale)
					if test.wide {
						binary.LittleEndian.PutUint32(o[test.oldScale[k]:], math.Float32bits(scale))
					} else {
						putF16(o[test.oldScale[k]:], scale)
					}
				}
				qo, qn := o[test.oldHead:], n[test.nowHead:]
				switch test.old {
				case Q4_0v2, Q4_1v2, Q8_0v1:
					copy(qo, qn)
				default:
					for e := range 32 {
						qo[e/2] |= byte(split(qn, e)) << (e % 2 * 4)
					}
				}
				old, now = append(old, o...), append(now, n...)
			}
			var a Acts
			a.Reset(test.old, 2, cols)
			for i := range 2 {
				a.Quantize(i, normalFloats(r, cols))
			}
			require.True(t, a.Fits(test.now))
			got, want := make([]float32, 2), make([]float32, 2)
			dotRow(test.old, got, old, &a, new(rowScratch))
			dotRow(test.now, want, now, &a, new(rowScratch))
			require.Equal(t, want, got)
		})
	}
}
