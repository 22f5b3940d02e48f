// Package fmath has the elementary functions and the random numbers that decide
// results: the same bits on every machine. The standard library's functions differ
// between architectures, some of which have them in assembly; these are made of
// operations that IEEE 754 rounds in one way only. Where a product is not meant to
// be fused with a sum, it is converted before: float64(x*y) + z.
package fmath
