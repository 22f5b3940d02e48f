package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// keyGroup is how 32 dimensions of a head's keys of a quantized type lie in a block of the
// cache: what is one position's in a row of the type is one dimension's here, so that the
// lanes of a vector are positions.
//
//	size             meaning
//	halves*32*2      for each of the type's factors (scale, minimum): 32 positions' in float16
//	32 * dimBytes    for each dimension 32 positions' integers, packed as a block of the type
//	                 packs those of 32 dimensions
type keyGroup struct {
	typ      quant.Type
	halves   int // factors of a block of the type: its scale, and its minimum if it has one
	dimBytes int // 32 for 8 bits, 16 for 4, 20 for 5: the highest bits before the others
}

// groupOf returns the layout of a quantized type that a cache can have.
func groupOf(t quant.Type) keyGroup {
	halves := 1
	if t == quant.Q4_1 || t == quant.Q5_1 {
		halves = 2
	}
	return keyGroup{t, halves, t.BlockBytes() - 2*halves}
}

// bytes returns the size of a group, that of 32 blocks of the type.
func (g keyGroup) bytes() int { return BlockLen * g.typ.BlockBytes() }

// payload returns the integers of dimension d of a group.
func (g keyGroup) payload(group []byte, d int) []byte {
	at := 2*BlockLen*g.halves + d*g.dimBytes
	return group[at : at+g.dimBytes]
}

// putKeyRow stores the row of a key, in blocks of its type, as number j of a head's keys.
func (f *KVFormat) putKeyRow(keys []byte, j int, row []byte) {
	g := groupOf(f.TypeK)
	var q [32]byte
	for n, size := g.typ.BlockBytes(), g.bytes(); len(row) > 0; row, keys = row[n:], keys[size:] {
		for i := range g.halves {
			copy(keys[2*(i*BlockLen+j):][:2], row[2*i:])
		}
		g.unpack(&q, row[2*g.halves:n])
		for d, v := range q {
			g.set(g.payload(keys, d), j, v)
		}
	}
}

// keyRow reads number j of a head's keys as a row in blocks of its type.
func (f *KVFormat) keyRow(row, keys []byte, j int) {
	g := groupOf(f.TypeK)
	for n, size := g.typ.BlockBytes(), g.bytes(); len(row) > 0; row, keys = row[n:], keys[size:] {
		for i := range g.halves {
			copy(row[2*i:2*i+2], keys[2*(i*BlockLen+j):])
		}
		for d := range 32 {
			g.set(row[2*g.halves:n], d, g.at(g.payload(keys, d), j))
		}
	}
}

// unpack reads the 32 integers of a payload.
func (g keyGroup) unpack(q *[32]byte, payload []byte) {
	for i := range q {
		q[i] = g.at(payload, i)
	}
}

// at returns integer i of a payload, as its bits are.
func (g keyGroup) at(payload []byte, i int) byte {
	if g.typ == quant.Q8_0 {
		return payload[i]
	}
	low := payload[g.dimBytes-16+i%16] >> (i / 16 * 4) & 15
	if g.dimBytes == 20 {
		low |= payload[i/8] >> (i % 8) & 1 << 4
	}
	return low
}

// set overwrites integer i of a payload.
func (g keyGroup) set(payload []byte, i int, q byte) {
	if g.typ == quant.Q8_0 {
		payload[i] = q
		return
	}
	b := &payload[g.dimBytes-16+i%16]
	shift := i / 16 * 4
	*b = *b&^(15<<shift) | q&15<<shift
	if g.dimBytes == 20 {
		b := &payload[i/8]
		*b = *b&^(1<<(i%8)) | q>>4&1<<(i%8)
	}
}

// widen decodes a group to dst [32, 32]: each number is its integer times its position's
// scale, plus its minimum if there is one, both rounded.
func (g keyGroup) widen(dst *[32 * BlockLen]float32, group []byte) {
	var scale, least [BlockLen]float32
	quant.Decode(quant.F16, scale[:], group[:2*BlockLen])
	if g.halves == 2 {
		quant.Decode(quant.F16, least[:], group[2*BlockLen:4*BlockLen])
	}
	payload := group[2*BlockLen*g.halves:]
	switch g.typ {
	case quant.Q8_0:
		vec.WidenQ8(dst, (*[32 * BlockLen]byte)(payload), &scale)
	case quant.Q4_0:
		codec.WidenQ4_0(dst, (*[32 * 16]byte)(payload), &scale)
	case quant.Q4_1:
		codec.WidenQ4_1(dst, (*[32 * 16]byte)(payload), &scale, &least)
	case quant.Q5_0:
		codec.WidenQ5_0(dst, (*[32 * 20]byte)(payload), &scale)
	case quant.Q5_1:
		codec.WidenQ5_1(dst, (*[32 * 20]byte)(payload), &scale, &least)
	}
}
