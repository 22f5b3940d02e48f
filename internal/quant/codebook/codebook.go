// Package codebook has the tables of the formats IQ1 to IQ4, as GGML defines
// them. Each entry of the tables for IQ1 to IQ3 is a group of eight or four
// small numbers. A format stores a group of weights as the index of an entry.
// Each table is decoded at its first use, because few models need a table.
package codebook

import (
	"encoding/base64"
	"sync"
	"unsafe"
)

// The tables of groups of eight. Each number of an entry is a
// signed byte, and the first number is in the lowest byte.
var (
	IQ1    = sync.OnceValue(func() []uint64 { return groups[uint64](iq1, []int8{-1, 0, 1, 0}) })     // [2048]
	IQ2XXS = sync.OnceValue(func() []uint64 { return groups[uint64](iq2xxs, []int8{8, 25, 43, 0}) }) // [256]
	IQ2XS  = sync.OnceValue(func() []uint64 { return groups[uint64](iq2xs, []int8{8, 25, 43, 0}) })  // [512]
	IQ2S   = sync.OnceValue(func() []uint64 { return groups[uint64](iq2s, []int8{8, 25, 43, 0}) })   // [1024]
)

// The tables of groups of four. Each number of an entry is an unsigned byte.
var (
	IQ3XXS = sync.OnceValue(func() []uint32 { return groups[uint32](iq3xxs, []int8{4, 12, 20, 28, 36, 44, 52, 62}) }) // [256]
	IQ3S   = sync.OnceValue(func() []uint32 { return groups[uint32](iq3s, []int8{1, 3, 5, 7, 9, 11, 13, 15}) })       // [512]
)

// IQ4 are the values of the codes 0 to 15 of IQ4_NL and IQ4_XS.
var IQ4 = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// words returns the entries of a table as numbers of 16 bits.
func words(table string) []uint16 {
	data, err := base64.StdEncoding.DecodeString(table)
	if err != nil {
		panic("codebook: " + err.Error()) // impossible, because table is a constant of this package
	}
	list := make([]uint16, len(data)/2)
	for i := range list {
		list[i] = uint16(data[2*i]) | uint16(data[2*i+1])<<8
	}
	return list
}

// groups returns the entries of a table. An entry has as many numbers as T has
// bytes. Each number is an element of values, which has 4 or 8 elements.
func groups[T uint32 | uint64](table string, values []int8) []T {
	size := int(unsafe.Sizeof(T(0)))
	width := map[int]int{4: 2, 8: 3}[len(values)]
	var list []T
	for _, w := range words(table) {
		var e T
		for i := range size {
			e |= T(uint8(values[int(w>>(width*i))%len(values)])) << (8 * i)
		}
		list = append(list, e)
	}
	return list
}
