package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
)

// Keys and values are rotated before they are quantized (QuaRot, arXiv 2404.00456). Each run of
// 2^n elements of a head is multiplied by an orthonormal Walsh-Hadamard matrix. This spreads a
// channel that is much larger than its neighbours over all channels of the run. Then a single
// scale suits 32 elements better. Queries are multiplied by the same matrix, which leaves their
// products with keys unchanged. The output of attention, a mean of rotated values, is multiplied
// by the matrix once more. That undoes the rotation, because the matrix is its own inverse.

// Rotated reports whether keys and values of type t are rotated.
func Rotated(t quant.Type) bool { return !isFloat(t) }

// rotation returns how many elements of a head are rotated together: the largest power of two
// that divides dim.
func rotation(dim int) int { return dim & -dim }

// rotateKey rotates x [.., KeyDim], keys or queries, in place, unless keys are floats. A second
// call rotates them back.
func (f *KVFormat) rotateKey(x []float32) {
	if Rotated(f.TypeK) {
		vec.Hadamard(x, rotation(f.KeyDim))
	}
}

// rotateValue rotates x [.., ValueDim], values or their means, in place, unless values are
// floats.
func (f *KVFormat) rotateValue(x []float32) {
	if Rotated(f.TypeV) {
		vec.Hadamard(x, rotation(f.ValueDim))
	}
}
