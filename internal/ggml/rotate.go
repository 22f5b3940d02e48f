package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
)

// Keys and values that are quantized are rotated before: each run of 2^n elements of a head
// is multiplied by an orthonormal Walsh-Hadamard matrix, after which a channel that is much
// larger than its neighbours is spread over all of them, and one scale suits 32 elements
// better. (QuaRot, arXiv 2404.00456.) Queries are rotated by the same matrix, which leaves
// their products with keys as they were; the matrix is its own inverse, by which the mean
// of the values is turned back.

// Rotated reports whether keys and values of that type are rotated.
func Rotated(t quant.Type) bool { return !isFloat(t) }

// rotation returns how many elements of a head of dim are rotated together: the largest
// power of two that divides it.
func rotation(dim int) int { return dim & -dim }

// rotateKey rotates x [.., KeyDim], keys or queries, in place and back, unless keys are floats.
func (f *KVFormat) rotateKey(x []float32) {
	if Rotated(f.TypeK) {
		vec.Hadamard(x, rotation(f.KeyDim))
	}
}

// rotateValue does so with x [.., ValueDim], values or means of them.
func (f *KVFormat) rotateValue(x []float32) {
	if Rotated(f.TypeV) {
		vec.Hadamard(x, rotation(f.ValueDim))
	}
}
