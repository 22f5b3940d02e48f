// Package fmath has the elementary functions and the random numbers that results depend on. They
// give the same bits on every machine. The standard library's functions differ between CPUs,
// because some have them in assembly. This package uses only operations whose rounding IEEE 754
// defines. A product that must not be fused with a sum is converted first: float64(x*y) + z.
package fmath
