package quant

import (
	"fmt"
	"math"
	"sync"

	"alpaca/internal/quant/codec"
)

// Decode converts len(dst) weights of type t in src to float32. It follows the format's formula
// and rounds every product and sum to float32. len(dst) must be a multiple of the type's
// BlockLen.
func Decode(t Type, dst []float32, src []byte) {
	src = src[:t.RowBytes(len(dst))]
	switch t {
	case F32:
		for i := range dst {
			b := src[4*i : 4*i+4]
			dst[i] = math.Float32frombits(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
		}
		return
	case F16:
		codec.DecodeF16(dst, src)
		return
	case Q8_0:
		if codec.DecodeQ8_0(dst, src) {
			return
		}
	case Q4_0:
		if codec.DecodeQ4_0(dst, src) {
			return
		}
	case Q4_1:
		if codec.DecodeQ4_1(dst, src) {
			return
		}
	case Q5_0:
		if codec.DecodeQ5_0(dst, src) {
			return
		}
	case Q5_1:
		if codec.DecodeQ5_1(dst, src) {
			return
		}
	case BF16:
		for i := range dst {
			dst[i] = codec.BF16ToF32(uint16(src[2*i]) | uint16(src[2*i+1])<<8)
		}
		return
	}
	n := t.BlockBytes()
	if f, ok := formats32[t]; ok {
		decodeBlocks32(f, dst, src, n)
	} else if f, ok := formats16[t]; ok {
		for ; len(dst) > 0; dst, src = dst[32:], src[n:] {
			decode16(f, dst[:32], src[:n])
		}
	} else if f, ok := wideFormats[t]; ok {
		scratch := decodeScratch.Get().(*blockScratch)
		defer decodeScratch.Put(scratch)
		for wide := t.BlockLen(); len(dst) > 0; dst, src = dst[wide:], src[n:] {
			decodeWide(f, dst[:wide], src[:n], &scratch.q)
		}
	} else if f, ok := formats256[t]; ok {
		scratch := decodeScratch.Get().(*blockScratch)
		defer decodeScratch.Put(scratch)
		s := &scratch.block
		for ; len(dst) > 0; dst, src = dst[256:], src[n:] {
			f.Unpack(src[:n], s)
			decode256(f, dst[:256], s)
		}
	} else {
		panic(fmt.Sprintf("quant: cannot decode %v", t))
	}
}

// decodeScratch holds memory for blocks. The memory that an Unpack function fills
// escapes to the heap. Without the pool, decoding a token's embedding would allocate.
var decodeScratch = sync.Pool{New: func() any { return new(blockScratch) }}

// blockScratch is memory for an unpacked block.
type blockScratch struct {
	q     [32]int8
	block SuperBlock
}

func decodeBlocks32(f Format32, dst []float32, src []byte, blockBytes int) {
	scratch := decodeScratch.Get().(*blockScratch)
	defer decodeScratch.Put(scratch)
	for ; len(dst) > 0; dst, src = dst[32:], src[blockBytes:] {
		decode32(f, dst[:32], src[:blockBytes], &scratch.q)
	}
}

func decode32(f Format32, dst []float32, block []byte, q *[32]int8) {
	d, m := f.Unpack(block, q)
	for i := range dst {
		dst[i] = float32(float32(q[i]) * d)
		if f.HasMin {
			dst[i] += m
		}
	}
}

func decode256(f Format256, dst []float32, s *SuperBlock) {
	for i := range dst {
		v := float32(float32(s.D*float32(s.Sc[i/16])) * float32(s.Q[i]))
		if f.HasMin {
			v -= float32(s.DMin * float32(s.Mn[i/16]))
		}
		dst[i] = v
	}
}

// decodeWide decodes one block of a WideFormat.
func decodeWide(f WideFormat, dst []float32, block []byte, q *[32]int8) {
	for part := range len(dst) / 32 {
		d := f.Unpack(block, part, q)
		if !f.Halves {
			d[1] = d[0]
		}
		for i, n := range q {
			dst[32*part+i] = float32(float32(n) * d[i/16])
		}
	}
}

// decode16 decodes one pair of blocks of a Format16.
func decode16(f Format16, dst []float32, pair []byte) {
	var q [32]int8
	d, m := f.Unpack(pair, &q)
	for i := range dst {
		dst[i] = float32(float32(q[i]) * d[i/16])
		if f.HasMin {
			dst[i] += m[i/16]
		}
	}
}
