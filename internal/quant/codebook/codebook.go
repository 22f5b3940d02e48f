// Package codebook has the tables of the formats IQ1 to IQ4, as GGML defines them. An entry is
// a group of eight or four small numbers, and a group of weights must be one of the entries. A
// table is decoded at its first use, since few models need one.
package codebook

import (
	"encoding/base64"
	"sync"
)

// The tables of groups of eight.
var (
	IQ1    = sync.OnceValue(func() [][8]int8 { return eights(iq1, [4]int8{-1, 0, 1}) })     // [2048]
	IQ2XXS = sync.OnceValue(func() [][8]int8 { return eights(iq2xxs, [4]int8{8, 25, 43}) }) // [256]
	IQ2XS  = sync.OnceValue(func() [][8]int8 { return eights(iq2xs, [4]int8{8, 25, 43}) })  // [512]
	IQ2S   = sync.OnceValue(func() [][8]int8 { return eights(iq2s, [4]int8{8, 25, 43}) })   // [1024]
)

// The tables of groups of four.
var (
	IQ3XXS = sync.OnceValue(func() [][4]int8 { return fours(iq3xxs, [8]int8{4, 12, 20, 28, 36, 44, 52, 62}) }) // [256]
	IQ3S   = sync.OnceValue(func() [][4]int8 { return fours(iq3s, [8]int8{1, 3, 5, 7, 9, 11, 13, 15}) })       // [512]
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

func eights(table string, values [4]int8) [][8]int8 {
	var list [][8]int8
	for _, w := range words(table) {
		var e [8]int8
		for i := range e {
			e[i] = values[w>>(2*i)&3]
		}
		list = append(list, e)
	}
	return list
}

func fours(table string, values [8]int8) [][4]int8 {
	var list [][4]int8
	for _, w := range words(table) {
		var e [4]int8
		for i := range e {
			e[i] = values[w>>(3*i)&7]
		}
		list = append(list, e)
	}
	return list
}
