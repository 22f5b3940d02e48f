package gguf

import (
	"encoding/binary"
	"math"

	"alpaca/internal/quant"
)

// In the oldest files, a row of Q4_0 or Q4_1 may consist of planes instead
// of blocks: first the scales of all its blocks, then all nibbles.
//
//	Q4_0:  nb × float32 d                  │ nb × 16 bytes of nibbles
//	Q4_1:  nb × float32 m │ nb × float32 d │ nb × 16 bytes of nibbles
//
// For Q4_1, alpaca.cpp wrote only planes. Nothing in a file says which of the two layouts it
// has, and both have the same size.

// interleave sets dst to the blocks of the row src, which has planes.
func interleave(typ quant.Type, dst, src []byte) {
	nb := len(src) / typ.BlockBytes()
	nibbles := src[len(src)-16*nb:]
	for b := range nb {
		if typ == quant.Q4_1v1 {
			copy(dst[24*b:], src[4*nb+4*b:][:4])
			copy(dst[24*b+4:], src[4*b:][:4])
			copy(dst[24*b+8:], nibbles[16*b:][:16])
		} else {
			copy(dst[20*b:], src[4*b:][:4])
			copy(dst[20*b+4:], nibbles[16*b:][:16])
		}
	}
}

// isPlane guesses whether a file's 4-bit tensors have planes. A reader that assumes the
// wrong layout reads nibbles as scales, and most of these scales are implausible. So
// isPlane counts the implausible scales for each layout, in the first rows of some tensors.
func (l *legacyFile) isPlane() bool {
	if l.format != "ggml" {
		return false
	}
	const maxTensors, maxRows = 8, 16
	blocks, planes, seen := 0, 0, 0 // blocks and planes count the implausible scales and minima in each layout
	for _, name := range l.order {
		t := l.tensors[name]
		if t.typ != quant.Q4_0v1 && t.typ != quant.Q4_1v1 {
			continue
		}
		if seen++; seen > maxTensors {
			break
		}
		row := t.typ.RowBytes(t.cols)
		data, err := l.im.at(t.at.from, int64(min(t.rows, maxRows)*row))
		if err != nil {
			return false
		}
		blocked := make([]byte, row)
		for ; len(data) > 0; data = data[row:] {
			interleave(t.typ, blocked, data[:row])
			planes += unlikely(t.typ, blocked)
			blocks += unlikely(t.typ, data[:row])
		}
	}
	return planes < blocks
}

// unlikely counts the scales and minima of a row of blocks that are implausible for weights.
func unlikely(typ quant.Type, row []byte) (n int) {
	f32 := func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
	for ; len(row) > 0; row = row[typ.BlockBytes():] {
		// 2023's encoders wrote only positive scales. A
		// NaN counts, because it fails every comparison.
		if d := f32(row); d != 0 && !(d > 1e-10 && d < 10) {
			n++
		}
		if typ == quant.Q4_1v1 {
			if m := math.Abs(f32(row[4:])); m != 0 && !(m > 1e-10 && m < 100) {
				n++
			}
		}
	}
	return n
}
