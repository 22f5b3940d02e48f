package quant

import (
	"encoding/binary"
	"math"

	"alpaca/internal/quant/codec"
)

// This file has the formats of the spring of 2023, before GGUF. The program multiplies them
// without conversion, like all other formats, but never writes them. They differ from
// today's formats in two ways. Scales may be float32. Nibbles may be adjacent: byte j holds
// the weights 2j and 2j+1. In today's formats, byte j holds the weights j and j+16.
//
// The files of 2023 used the same code for a format before and after a change, so this project
// has codes of its own. Only Q4_2 and Q4_3 keep the codes of the files.
const (
	Q4_0v1 Type = 1001 // until ggjt v1
	Q4_0v2 Type = 1002 // ggjt v2
	Q4_1v1 Type = 1003 // until ggjt v1
	Q4_1v2 Type = 1004 // ggjt v2
	Q5_0v1 Type = 1005 // ggjt v1
	Q5_1v1 Type = 1006 // ggjt v1
	Q8_0v1 Type = 1007 // ggjt v1 and v2

	legacyBase Type = 1001
)

// IsLegacy reports whether t is a format from before GGUF, which GGUF files cannot hold.
func IsLegacy(t Type) bool { return t == Q4_2 || t == Q4_3 || t >= Q4_0v1 && t <= Q8_0v1 }

// Q4_0v1: 32 weights of 4 bits, w[j] = D * (q[j] - 8).
//
//	offset  size
//	     0     4  D, float32
//	     4    16  Qs[j] = q[2j] | q[2j+1]<<4, 0 ≤ j < 16
func unpackQ4_0v1(block []byte, q *[32]int8) (d, m float32) {
	adjacent4(block[4:20], q[:], 8)
	return f32At(block), 0
}

// Q4_0v2: 32 weights of 4 bits, w[j] = D * (q[j] - 8).
//
//	offset  size
//	     0     4  D, float32
//	     4    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackQ4_0v2(block []byte, q *[32]int8) (d, m float32) {
	split4(block[4:20], q, 8)
	return f32At(block), 0
}

// Q4_1v1: 32 weights of 4 bits, w[j] = D*q[j] + M.
//
//	offset  size
//	     0     4  D, float32
//	     4     4  M, float32
//	     8    16  Qs[j] = q[2j] | q[2j+1]<<4, 0 ≤ j < 16
func unpackQ4_1v1(block []byte, q *[32]int8) (d, m float32) {
	adjacent4(block[8:24], q[:], 0)
	return f32At(block), f32At(block[4:])
}

// Q4_1v2: 32 weights of 4 bits, w[j] = D*q[j] + M.
//
//	offset  size
//	     0     4  D, float32
//	     4     4  M, float32
//	     8    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackQ4_1v2(block []byte, q *[32]int8) (d, m float32) {
	split4(block[8:24], q, 0)
	return f32At(block), f32At(block[4:])
}

// Q5_0v1: 32 weights of 5 bits, w[j] = D * (q[j] - 16).
//
//	offset  size
//	     0     2  D, float16
//	     2     4  Qh: bit j is the highest bit of q[j], 0 ≤ j < 32
//	     6    16  Qs[j] = q[2j]&15 | q[2j+1]<<4, 0 ≤ j < 16
func unpackQ5_0v1(block []byte, q *[32]int8) (d, m float32) {
	adjacent5(block[2:22], q, 16)
	return codec.F16At(block), 0
}

// Q5_1v1: 32 weights of 5 bits, w[j] = D*q[j] + M.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  M, float16
//	     4     4  Qh: bit j is the highest bit of q[j], 0 ≤ j < 32
//	     8    16  Qs[j] = q[2j]&15 | q[2j+1]<<4, 0 ≤ j < 16
func unpackQ5_1v1(block []byte, q *[32]int8) (d, m float32) {
	adjacent5(block[4:24], q, 0)
	return codec.F16At(block), codec.F16At(block[2:])
}

// Q8_0v1: 32 weights of 8 bits, w[j] = D * q[j].
//
//	offset  size
//	     0     4  D, float32
//	     4    32  Qs[j] = q[j], signed, 0 ≤ j < 32
func unpackQ8_0v1(block []byte, q *[32]int8) (d, m float32) {
	for j, b := range block[4:36] {
		q[j] = int8(b)
	}
	return f32At(block), 0
}

// Q4_2: 16 weights of 4 bits, w[j] = D * (q[j] - 8).
//
//	offset  size
//	     0     2  D, float16
//	     2     8  Qs[j] = q[2j] | q[2j+1]<<4, 0 ≤ j < 8
//	    10    10  the other block of the pair
func unpackQ4_2(pair []byte, q *[32]int8) (d, m [2]float32) {
	for h := range 2 {
		block := pair[10*h : 10*h+10]
		adjacent4(block[2:], q[16*h:16*h+16], 8)
		d[h] = codec.F16At(block)
	}
	return d, m
}

// Q4_3: 16 weights of 4 bits, w[j] = D*q[j] + M.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  M, float16
//	     4     8  Qs[j] = q[2j] | q[2j+1]<<4, 0 ≤ j < 8
//	    12    12  the other block of the pair
func unpackQ4_3(pair []byte, q *[32]int8) (d, m [2]float32) {
	for h := range 2 {
		block := pair[12*h : 12*h+12]
		adjacent4(block[4:], q[16*h:16*h+16], 0)
		d[h], m[h] = codec.F16At(block), codec.F16At(block[2:])
	}
	return d, m
}

// adjacent4 unpacks len(q) numbers of 4 bits, and subtracts bias. Each byte has two neighbours.
func adjacent4(nibbles []byte, q []int8, bias int8) {
	for j, b := range nibbles {
		q[2*j] = int8(b&15) - bias
		q[2*j+1] = int8(b>>4) - bias
	}
}

// split4 unpacks 32 numbers of 4 bits, and subtracts
// bias. The second 16 numbers are in the high nibbles.
func split4(nibbles []byte, q *[32]int8, bias int8) {
	for j, b := range nibbles[:16] {
		q[j] = int8(b&15) - bias
		q[j+16] = int8(b>>4) - bias
	}
}

// adjacent5 unpacks 32 numbers of 5 bits and subtracts bias. b has 4 bytes with their highest bits,
// and then 16 bytes with their nibbles. Each of these bytes has the nibbles of two neighbours.
func adjacent5(b []byte, q *[32]int8, bias int8) {
	high := binary.LittleEndian.Uint32(b)
	adjacent4(b[4:20], q[:], 0)
	for j := range q {
		q[j] += int8(high>>j&1<<4) - bias
	}
}

// f32At reads a little-endian float32, which need not be aligned.
func f32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
