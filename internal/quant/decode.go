package quant

import (
	"fmt"
	"math"
	"sync"
)

// Decode widens len(dst) weights of type t from src, in order, exactly as the
// format's formula says with every product and sum rounded to float32.
// len(dst) must be a multiple of the type's BlockLen.
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
		decodeF16(dst, src)
		return
	case Q8_0:
		decodeQ8_0(dst, src)
		return
	case BF16:
		for i := range dst {
			dst[i] = BF16ToF32(uint16(src[2*i]) | uint16(src[2*i+1])<<8)
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
		scratch := decodeScratch.Get().(*rowScratch)
		defer decodeScratch.Put(scratch)
		for wide := t.BlockLen(); len(dst) > 0; dst, src = dst[wide:], src[n:] {
			decodeWide(f, dst[:wide], src[:n], &scratch.q)
		}
	} else if f, ok := formats256[t]; ok {
		scratch := decodeScratch.Get().(*rowScratch)
		defer decodeScratch.Put(scratch)
		s := &scratch.block
		for ; len(dst) > 0; dst, src = dst[256:], src[n:] {
			f.unpack(src[:n], s)
			decode256(f, dst[:256], s)
		}
	} else {
		panic(fmt.Sprintf("quant: cannot decode %v", t))
	}
}

// decodeScratch holds rowScratch: what unpack fills cannot be on the stack, and
// decoding a token's embedding should not allocate.
var decodeScratch = sync.Pool{New: func() any { return new(rowScratch) }}

func decodeBlocks32(f format32, dst []float32, src []byte, blockBytes int) {
	scratch := decodeScratch.Get().(*rowScratch)
	defer decodeScratch.Put(scratch)
	for ; len(dst) > 0; dst, src = dst[32:], src[blockBytes:] {
		decode32(f, dst[:32], src[:blockBytes], &scratch.q)
	}
}

func decode32(f format32, dst []float32, block []byte, q *[32]int8) {
	d, m := f.unpack(block, q)
	for i := range dst {
		dst[i] = float32(float32(q[i]) * d)
		if f.hasMin {
			dst[i] += m
		}
	}
}

func decode256(f format256, dst []float32, s *superBlock) {
	for i := range dst {
		v := float32(float32(s.d*float32(s.sc[i/16])) * float32(s.q[i]))
		if f.hasMin {
			v -= float32(s.dmin * float32(s.mn[i/16]))
		}
		dst[i] = v
	}
}

func decodeF16Generic(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = F16ToF32(uint16(src[2*i]) | uint16(src[2*i+1])<<8)
	}
}
