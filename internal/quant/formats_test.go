package quant

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/codebook"
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/quanttest"
)

// computable lists the types whose products can be computed.
var computable = []Type{
	F32, F16, BF16,
	Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4,
	Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS, TQ1_0, TQ2_0, Q1_0, Q2_0, NVFP4,
}

func TestBlockSizes(t *testing.T) {
	tests := []struct {
		typ        Type
		len, bytes int
	}{
		{F32, 1, 4},
		{F16, 1, 2},
		{BF16, 1, 2},
		{Q4_0, 32, 2 + 16},
		{Q4_1, 32, 2 + 2 + 16},
		{Q5_0, 32, 2 + 4 + 16},
		{Q5_1, 32, 2 + 2 + 4 + 16},
		{Q8_0, 32, 2 + 32},
		{IQ4_NL, 32, 2 + 16},
		{MXFP4, 32, 1 + 16},
		{Q2_K, 256, 16 + 64 + 2 + 2},
		{Q3_K, 256, 32 + 64 + 12 + 2},
		{Q4_K, 256, 2 + 2 + 12 + 128},
		{Q5_K, 256, 2 + 2 + 12 + 32 + 128},
		{Q6_K, 256, 128 + 64 + 16 + 2},
		{IQ4_XS, 256, 2 + 2 + 4 + 128},
		{TQ1_0, 256, 48 + 4 + 2},
		{TQ2_0, 256, 64 + 2},
		{Q1_0, 128, 2 + 16},
		{Q2_0, 64, 2 + 16},
		{NVFP4, 64, 4 + 32},
	}
	require.Len(t, tests, len(computable))
	for _, test := range tests {
		require.True(t, CanCompute(test.typ), test.typ)
		require.Equal(t, test.len, test.typ.BlockLen(), test.typ)
		require.Equal(t, test.bytes, test.typ.BlockBytes(), test.typ)
		require.Equal(t, 3*test.bytes, test.typ.RowBytes(3*test.len), test.typ)
		parsed, err := ParseType(test.typ.String())
		require.NoError(t, err)
		require.Equal(t, test.typ, parsed)
	}
	require.False(t, CanCompute(Q8_K))
	require.False(t, CanCompute(Q8_1))
}

// TestDecode compares Decode with weightAt, which has each format's formula for a single weight.
func TestDecode(t *testing.T) {
	for _, typ := range computable {
		t.Run(typ.String(), func(t *testing.T) {
			for _, block := range testBlocks(typ) {
				n := max(32, typ.BlockLen()) // a block, or 32 weights for float types
				got := make([]float32, n)
				if typ.BlockLen() == 1 {
					block = block[:n*typ.BlockBytes()]
				}
				Decode(typ, got, block)
				for e, v := range got {
					quanttest.RequireSameFloat(t, weightAt(typ, block, e), v, "weight %d of % x", e, block)
				}
			}
		})
	}
}

// testBlocks returns random blocks of t. Some of them have special numbers as scales.
func testBlocks(t Type) [][]byte {
	r := rand.New(rand.NewPCG(uint64(t), 1))
	special := []uint16{0, 0x8000, 1, 0x83ff, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00}
	var blocks [][]byte
	for i := range 200 {
		b := make([]byte, max(32*4, t.BlockBytes()))
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		b = b[:max(t.BlockBytes(), 128*btoi(t.BlockLen() == 1))]
		at, ok := quanttest.ScaleOffsets[t.String()]
		for k, at := range at {
			h := uint16(r.Uint32N(0x3000)) | uint16(r.Uint32N(2))<<15
			if i < 81 {
				h = special[i/[]int{1, 9}[k]%9]
			}
			binary.LittleEndian.PutUint16(b[at:], h)
		}
		if t == MXFP4 && i < 60 { // exponents at both ends of the range, and one in the middle
			b[0] = []byte{0, 1, 2, 125, 254, 255}[i%6]
		}
		if !ok && t.BlockLen() > 1 && t != MXFP4 && t != NVFP4 {
			panic("no scaleOffsets for " + t.String())
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// weightAt returns weight e of a block by its format's formula.
func weightAt(t Type, b []byte, e int) float32 {
	half := func(at int) float32 { return codec.F16ToF32(binary.LittleEndian.Uint16(b[at:])) }
	bit := func(at, e int) int { return int(b[at+e/8] >> (e % 8) & 1) }
	nibble := func(at, e int) int { // split: the low nibbles have the first half of the block
		if e < 16 {
			return int(b[at+e] & 15)
		}
		return int(b[at+e-16] >> 4)
	}
	scales6 := func(at, j int) (sc, mn float32) {
		s := b[at : at+12]
		if j < 4 {
			return float32(s[j] & 63), float32(s[j+4] & 63)
		}
		return float32(s[j+4]&15 | s[j-4]>>6<<4), float32(s[j+4]>>4 | s[j]>>6<<4)
	}
	two := func(at, e int) int { return int(b[at+e/128*32+e%32] >> (e % 128 / 32 * 2) & 3) }
	kmin := func(d, sc, q, dmin, mn float32) float32 {
		ds, dm := float32(d*sc), float32(dmin*mn)
		p := float32(ds * q)
		return p - dm
	}
	switch t {
	case F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b[4*e:]))
	case F16:
		return half(2 * e)
	case BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*e:])) << 16)
	case Q4_0:
		return float32(nibble(2, e)-8) * half(0)
	case Q4_1:
		return float32(float32(nibble(4, e))*half(0)) + half(2)
	case Q5_0:
		return float32(nibble(6, e)+16*bit(2, e)-16) * half(0)
	case Q5_1:
		return float32(float32(nibble(8, e)+16*bit(4, e))*half(0)) + half(2)
	case Q8_0:
		return float32(int8(b[2+e])) * half(0)
	case IQ4_NL:
		return half(0) * float32(codebook.IQ4[nibble(2, e)])
	case MXFP4:
		code := nibble(1, e)
		w := []float64{0, 0.5, 1, 1.5, 2, 3, 4, 6}[code&7] * math.Pow(2, float64(b[0])-127)
		if code > 7 {
			w = -w
		}
		if code == 8 {
			w = 0 // never -0, because Decode looks up an integer
		}
		return float32(w)
	case Q2_K:
		return kmin(half(80), float32(b[e/16]&15), float32(two(16, e)), half(82), float32(b[e/16]>>4))
	case Q3_K:
		s := e / 16
		scale := int(b[96+s%8]>>(s/8*4)&15) | int(b[104+s%4]>>(2*(s/4))&3)<<4
		q := two(32, e)
		if b[e%32]>>(e/32)&1 == 0 {
			q -= 4
		}
		return float32(half(108)*float32(scale-32)) * float32(q)
	case Q4_K:
		sc, mn := scales6(4, e/32)
		return kmin(half(0), sc, float32(b[16+e/64*32+e%32]>>(e%64/32*4)&15), half(2), mn)
	case Q5_K:
		sc, mn := scales6(4, e/32)
		q := b[48+e/64*32+e%32] >> (e % 64 / 32 * 4) & 15
		if b[16+e%32]>>(e/32)&1 != 0 {
			q += 16
		}
		return kmin(half(0), sc, float32(q), half(2), mn)
	case Q6_K:
		h, r, l := e/128, e%128/32, e%32
		q := int(b[64*h+l+r%2*32]>>(r/2*4)&15) | int(b[128+32*h+l]>>(2*r)&3)<<4
		return float32(half(208)*float32(int8(b[192+e/16]))) * float32(q-32)
	case IQ4_XS:
		s := e / 32
		high := binary.LittleEndian.Uint16(b[2:])
		scale := int(b[4+s/2]>>(s%2*4)&15) | int(high>>(2*s)&3)<<4
		return float32(half(0)*float32(scale-32)) * float32(codebook.IQ4[nibble(8+16*s, e%32)])
	case TQ1_0:
		at, n := e%32, e/32
		if e >= 240 {
			at, n = 48+(e-240)%4, (e-240)/4
		} else if e >= 160 {
			at, n = 32+(e-160)%16, (e-160)/16
		}
		v := int(b[at])
		for range n {
			v = v * 3 % 256
		}
		return float32(v*3/256-1) * half(52)
	case TQ2_0:
		return float32(two(0, e)-1) * half(64)
	case Q1_0:
		return float32(2*bit(2, e)-1) * half(0)
	case NVFP4:
		code := b[4+e/16*8+e%8] >> (e % 16 / 8 * 4) & 15
		w := []float64{0, 0.5, 1, 1.5, 2, 3, 4, 6}[code&7]
		if code > 8 {
			w = -w
		}
		d := b[e/16]
		scale := (1 + float64(d&7)/8) * math.Pow(2, float64(d>>3&15)-7)
		if d>>3&15 == 0 {
			scale = float64(d&7) * math.Pow(2, -9)
		}
		if d == 0x7f {
			scale = 0
		}
		return float32(w * scale)
	case Q2_0:
		return float32(int(b[2+e/4]>>(e%4*2)&3)-1) * half(0)
	}
	panic(t)
}

// TestDecodeByHand checks the layouts with blocks in which only a few bits are set. A reader can
// compare them with the byte maps.
func TestDecodeByHand(t *testing.T) {
	one := []byte{0x00, 0x3c} // 1 as float16
	tests := []struct {
		typ    Type
		set    map[int]byte // offset → byte; the first scale is 1
		weight map[int]float32
		others float32
	}{
		{Q4_0, map[int]byte{2: 0x9f, 17: 0x80}, map[int]float32{0: 7, 16: 1, 15: -8, 31: 0}, -8},
		{Q4_1, map[int]byte{3: 0x40, 5: 0xf1}, map[int]float32{1: 3, 17: 17}, 2},
		{Q5_0, map[int]byte{2: 1, 5: 0x80, 6: 0x01, 21: 0xf0}, map[int]float32{0: 1, 31: 15}, -16},
		{Q5_1, map[int]byte{4: 1, 8: 0x21}, map[int]float32{0: 17, 16: 2}, 0},
		{Q8_0, map[int]byte{2: 0x80, 33: 0x7f}, map[int]float32{0: -128, 31: 127}, 0},
		{IQ4_NL, map[int]byte{3: 0x8f}, map[int]float32{1: 113, 17: 1}, -127},
		{Q2_K, map[int]byte{0: 1, 15: 3, 16: 3, 79: 0x80}, map[int]float32{0: 3, 255: 6}, 0},
		{Q4_K, map[int]byte{4: 1, 5: 0x80, 13: 3, 16: 0xf, 112: 2, 113: 0xf0}, map[int]float32{0: 15}, 0},
		{TQ2_0, map[int]byte{0: 1, 63: 0x80}, map[int]float32{0: 0, 255: 1}, -1},
		{Q2_0, map[int]byte{2: 0x1b, 17: 0x80}, map[int]float32{0: 2, 1: 1, 2: 0, 63: 1}, -1},
		{TQ1_0, map[int]byte{0: 255, 48: 171}, map[int]float32{0: 1, 32: 1, 64: 1, 96: 1, 128: 1, 240: 1}, -1},
	}
	for _, test := range tests {
		t.Run(test.typ.String(), func(t *testing.T) {
			block := make([]byte, test.typ.BlockBytes())
			copy(block[quanttest.ScaleOffsets[test.typ.String()][0]:], one)
			for at, b := range test.set {
				block[at] = b
			}
			want := make([]float32, test.typ.BlockLen())
			for e := range want {
				want[e] = test.others
			}
			for e, v := range test.weight {
				want[e] = v
			}
			got := make([]float32, len(want))
			Decode(test.typ, got, block)
			require.Equal(t, want, got)
		})
	}
}

// TestDecodeByVectors compares the vector decoders for types of the cache with the portable
// decoder, for random blocks.
func TestDecodeByVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, typ := range []Type{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0} {
		for _, nb := range []int{1, 2, 5, 50} {
			size := typ.BlockBytes()
			in := make([]byte, size*nb)
			for i := range in {
				in[i] = byte(r.Uint32())
			}
			in = quanttest.AtPageEnd(t, in)
			got, want := make([]float32, 32*nb), make([]float32, 32*nb)
			Decode(typ, got, in)
			decodeBlocks32(formats32[typ], want, in, size)
			quanttest.RequireSame(t, want, got)
		}
	}
}
