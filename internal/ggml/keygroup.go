package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// keyGroup is the layout of 32 dimensions of a head's quantized keys in a block of the cache.
// A group has the same numbers as 32 rows of the type, but transposed: its integers are sorted
// by dimension and then by position, so that the lanes of a vector are positions.
//
//	size             meaning
//	halves*32*2      the scales of 32 positions in float16, and then their minima if the type has them
//	32 * dimBytes    for each dimension, the integers of 32 positions, packed as a block of the type
//	                 packs the integers of 32 dimensions
type keyGroup struct {
	typ      quant.Type
	halves   int // float16 numbers in a block of the type: 1 (a scale), or 2 (a scale and a minimum)
	dimBytes int // bytes of 32 integers: 32 for 8 bits, 16 for 4 bits, 20 for 5 bits (the fifth bits come first)
}

// groupOf returns the keyGroup of a quantized type.
func groupOf(t quant.Type) keyGroup {
	halves := 1
	if t == quant.Q4_1 || t == quant.Q5_1 {
		halves = 2
	}
	return keyGroup{t, halves, t.BlockBytes() - 2*halves}
}

// bytes returns the size of a group, which is that of 32 blocks of the type.
func (g keyGroup) bytes() int { return BlockLen * g.typ.BlockBytes() }

// payload returns the integers of dimension d of a group.
func (g keyGroup) payload(group []byte, d int) []byte {
	at := 2*BlockLen*g.halves + d*g.dimBytes
	return group[at : at+g.dimBytes]
}

// putKeyRow stores row, a key in blocks of its type, as position j of a head's keys.
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

// keyRow sets row to the key at position j of a head's keys, in blocks of its type.
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

// at returns the bits of integer i of a payload.
func (g keyGroup) at(payload []byte, i int) byte {
	if g.typ == quant.Q8_0 {
		return payload[i]
	}
	return codec.Nibble(payload, i)
}

// set overwrites the bits of integer i of a payload with q.
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

// widen decodes a group to dst [32, 32]. Each number is its integer times the scale of its
// position, plus the minimum of its position if the type has minima. Both operations round.
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
