package convert

import (
	"encoding/binary"
	"fmt"
	"math"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// format is a number format of the input, and how it is converted.
type format struct {
	name string
	typ  quant.Type // type of the blocks; noType for formats that package quant lacks
	to   quant.Type // the type in GGUF
	// transcode rewrites a row from the type typ to the type to. It is nil
	// if the types are the same, or if a row must be decoded and encoded.
	transcode func(dst, src []byte) error
	// decode decodes a row to float32.
	decode func(dst []float32, src []byte)
	// mayRound says that the new type may round some values.
	mayRound bool
}

// noType is a value that stands for no type.
const noType = ^quant.Type(0)

// sameKind reports whether f is a format from before GGUF and the
// given type is its successor, which has the same general.file_type.
func (f *format) sameKind(to quant.Type) bool {
	_, legacy := legacyFormats[f.typ]
	return legacy && f.to == to
}

// formatOf returns the format of a type that package gguf reads.
func formatOf(t quant.Type) format {
	f := format{name: t.String(), typ: t, to: t, decode: func(dst []float32, src []byte) { quant.Decode(t, dst, src) }}
	if l, ok := legacyFormats[t]; ok {
		f.to, f.mayRound = l.to, l.wide
		f.transcode = func(dst, src []byte) error { return l.transcode(dst, src, t.BlockBytes()) }
	} else if quant.IsLegacy(t) {
		// Q4_2 and Q4_3 have a scale for 16 weights, which no later format of this kind
		// has.
		f.to, f.mayRound = quant.F16, true
	}
	return f
}

// legacyFormat is a block format from before GGUF. Its successor differs only
// in the width of the scales, or in the order of the nibbles, or in both.
type legacyFormat struct {
	to       quant.Type
	scales   int  // 1: scale; 2: scale and minimum
	wide     bool // scales are float32, not float16
	high     bool // as in today's formats, 4 bytes with the fifth bits follow the scales
	adjacent bool // a byte has the nibbles of two neighbouring weights
}

var legacyFormats = map[quant.Type]legacyFormat{
	quant.Q4_0v1: {to: quant.Q4_0, scales: 1, wide: true, adjacent: true},
	quant.Q4_0v2: {to: quant.Q4_0, scales: 1, wide: true},
	quant.Q4_1v1: {to: quant.Q4_1, scales: 2, wide: true, adjacent: true},
	quant.Q4_1v2: {to: quant.Q4_1, scales: 2, wide: true},
	quant.Q5_0v1: {to: quant.Q5_0, scales: 1, high: true, adjacent: true},
	quant.Q5_1v1: {to: quant.Q5_1, scales: 2, high: true, adjacent: true},
	quant.Q8_0v1: {to: quant.Q8_0, scales: 1, wide: true},
}

// transcode rewrites a row. blockBytes is the size of a block of src.
func (l *legacyFormat) transcode(dst, src []byte, blockBytes int) error {
	out := l.to.BlockBytes()
	for ; len(src) > 0; src, dst = src[blockBytes:], dst[out:] {
		from, to := src[:blockBytes], dst[:out]
		for range l.scales {
			if !l.wide {
				copy(to[:2], from)
				from, to = from[2:], to[2:]
				continue
			}
			if err := putHalf(to, math.Float32frombits(binary.LittleEndian.Uint32(from))); err != nil {
				return err
			}
			from, to = from[4:], to[2:]
		}
		if l.high {
			copy(to[:4], from)
			from, to = from[4:], to[4:]
		}
		if l.adjacent {
			splitNibbles((*[16]byte)(to), (*[16]byte)(from))
		} else {
			copy(to, from)
		}
	}
	return nil
}

// splitNibbles reorders 32 nibbles. Byte j has nibbles
// 2j and 2j+1 in src, but nibbles j and j+16 in dst.
func splitNibbles(dst, src *[16]byte) {
	for j := range 8 {
		a, b := src[j], src[j+8]
		dst[2*j] = a&15 | b<<4
		dst[2*j+1] = a>>4 | b&0xf0
	}
}

// putHalf stores x as float16. It returns an error if x is finite but would become infinite.
func putHalf(dst []byte, x float32) error {
	h := codec.F32ToF16(x)
	if h&0x7fff == 0x7c00 && !math.IsInf(float64(x), 0) {
		return fmt.Errorf("%g %w", x, ErrTooLarge)
	}
	binary.LittleEndian.PutUint16(dst, h)
	return nil
}
