// Package fmath has the elementary functions and the random numbers that results depend
// on. They give the same bits on every machine. The standard library's functions differ
// between CPUs, because some have them in assembly. This package uses only operations
// whose rounding IEEE 754 defines. The compiler may fuse a product and a sum, which
// changes the rounding. An explicit conversion prevents this: float64(x*y) + z.
package fmath
