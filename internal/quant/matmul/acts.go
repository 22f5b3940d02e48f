package matmul

import (
	"fmt"
	"math"
	"slices"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// ActForm is the form in which activations are stored for products with
// weights of a type. The form is no more precise than the weights, because
// more precise activations would not make the product more precise.
type ActForm uint8

const (
	ActF32  ActForm = iota // unchanged, for F32 weights
	ActF16                 // rounded to the 11 significant bits of a float16, for F16 weights
	ActBF16                // rounded to the 8 significant bits of a bfloat16, for BF16 weights
	ActQ8                  // 8 bits, with a scale for each 32 values
	ActQ8K                 // 8 bits, with a scale for each 256 values and a sum for each 16 values

	NumActForms = 5
)

// ActFormOf returns the form of activations for weights of type t.
func ActFormOf(t quant.Type) ActForm {
	switch {
	case t == quant.F16:
		return ActF16
	case t == quant.BF16:
		return ActBF16
	case t.BlockLen() == 1:
		return ActF32
	case t.BlockLen() == 256:
		return ActQ8K
	}
	return ActQ8
}

// Acts are the activations of a matrix product, one row for each token, in the form for the
// weights' type. Reset and Quantize set them.
//
// Floats are rounded to as many bits as the weights have (codec.RoundHalf). In the 8-bit forms, a
// block of 32 (or 256) values x with amax = max |x| becomes
//
//	Q[i] = roundToEven(x[i] * (127/amax))
//	D    = RoundHalf(amax/127)      in a block of 32
//	D    = 1/(127/amax)             in a block of 256
//
// in float32. If amax is below 2^-100, infinite or NaN, Q is 0 and D is
// amax/127. So the result of a product is NaN if amax is infinite or NaN.
//
// The roundings are those of llama.cpp (ggml's types Q8_0, Q8_1 and Q8_K), so that
// both programs give the same probabilities. The only difference is that the
// scales of llama.cpp are float16 numbers, which lose precision below 2^-14.
type Acts struct {
	Rows, Cols int
	form       ActForm

	// F has the values in the float forms: [Rows, Stride], with zeros from Cols on.
	F []float32
	// Q has the values in the 8-bit forms: [Rows, Stride].
	Q []int8
	// Stride is the distance between rows in F or Q, in elements. It
	// is at least Cols. It is also an odd multiple of 64 bytes, so
	// that the rows of a tile do not compete for the same cache set.
	Stride int

	// D has the scales: [Rows, Blocks].
	D []float32
	// Pairs has, for ActQ8, two sums of each block as int16: [Rows, Blocks]. The low half of an
	// element is the sum of all Q[i] with i%4 < 2. The high half is the sum of the other Q[i].
	Pairs []uint32
	// DS has, for ActQ8, RoundHalf(amax/127 * sum of Q): [Rows, Blocks].
	DS []float32
	// Sums has, for ActQ8K, the sum of each 16 elements of Q: [Rows, Blocks*16].
	Sums []int16
	// Blocks is the number of blocks in a row. It is 0 in the float forms.
	Blocks int
}

// Reset prepares for rows × cols activations and weights of type t. It reuses memory if that is
// large enough.
func (a *Acts) Reset(t quant.Type, rows, cols int) {
	a.Rows, a.Cols, a.form = rows, cols, ActFormOf(t)
	switch a.form {
	case ActF32, ActF16, ActBF16:
		a.Stride = paddedStride(cols, 4)
		a.Blocks = 0
		a.F = resize(a.F, rows*a.Stride)
		return
	case ActQ8:
		a.Blocks = cols / 32
		a.Pairs = resize(a.Pairs, rows*a.Blocks)
		a.DS = resize(a.DS, rows*a.Blocks)
	case ActQ8K:
		a.Blocks = cols / 256
		a.Sums = resize(a.Sums, rows*a.Blocks*16)
	}
	if cols%a.blockLen() != 0 {
		panic(fmt.Sprintf("matmul: rows of %d activations cannot be multiplied by weights of %v", cols, t))
	}
	a.Stride = paddedStride(cols, 1)
	a.Q = resize(a.Q, rows*a.Stride)
	a.D = resize(a.D, rows*a.Blocks)
}

// View makes the activations a view of rows lo to hi-1 of other activations. It copies no elements.
func (a *Acts) View(of *Acts, lo, hi int) {
	*a = *of
	a.Rows = hi - lo
	if a.form < ActQ8 {
		a.F = of.F[lo*a.Stride : hi*a.Stride]
		return
	}
	a.Q, a.D = of.Q[lo*a.Stride:hi*a.Stride], of.D[lo*a.Blocks:hi*a.Blocks]
	if a.form == ActQ8K {
		a.Sums = of.Sums[lo*a.Blocks*16 : hi*a.Blocks*16]
		return
	}
	a.Pairs, a.DS = of.Pairs[lo*a.Blocks:hi*a.Blocks], of.DS[lo*a.Blocks:hi*a.Blocks]
}

// Fits reports whether the activations have the form for weights of type t.
func (a *Acts) Fits(t quant.Type) bool { return ActFormOf(t) == a.form }

// Bytes returns how many bytes of memory the activations have.
func (a *Acts) Bytes() int {
	return 4*(cap(a.F)+cap(a.D)+cap(a.Pairs)+cap(a.DS)) + cap(a.Q) + 2*cap(a.Sums)
}

func (a *Acts) blockLen() int {
	if a.form == ActQ8K {
		return 256
	}
	return 32
}

// Quantize sets row i to the Cols values x. Several goroutines may set different rows at once.
func (a *Acts) Quantize(i int, x []float32) {
	x = x[:a.Cols]
	if a.form >= ActQ8 {
		quantizeActs(a, i, x)
		return
	}
	row := a.F[i*a.Stride : (i+1)*a.Stride]
	switch a.form {
	case ActF16:
		codec.RoundHalves(row, x)
	case ActBF16:
		codec.RoundBF16s(row, x)
	default:
		copy(row, x)
	}
	clear(row[len(x):])
}

// quantizeActsGeneric defines the 8-bit forms.
func quantizeActsGeneric(a *Acts, row int, x []float32) {
	q := a.Q[row*a.Stride : row*a.Stride+a.Cols]
	n := a.blockLen()
	for b := range a.Blocks {
		xb, qb := x[b*n:(b+1)*n], q[b*n:(b+1)*n]
		d, dK := quantizeBlock(qb, xb)
		at := row*a.Blocks + b
		if a.form == ActQ8K {
			a.D[at] = dK
			for j := range 16 {
				a.Sums[at*16+j] = int16(sum(qb[j*16 : (j+1)*16]))
			}
			continue
		}
		a.D[at] = d
		var lo, hi int32
		for i := 0; i < 32; i += 4 {
			lo += int32(qb[i]) + int32(qb[i+1])
			hi += int32(qb[i+2]) + int32(qb[i+3])
		}
		a.Pairs[at] = uint32(uint16(lo)) | uint32(uint16(hi))<<16
		a.DS[at] = d * float32(lo+hi)
	}
	if a.form == ActQ8 {
		a.roundScales(row)
	}
}

// roundScales applies RoundHalf to D and DS of a row's blocks of 32.
func (a *Acts) roundScales(row int) {
	d, ds := a.D[row*a.Blocks:][:a.Blocks], a.DS[row*a.Blocks:][:a.Blocks]
	codec.RoundHalves(d, d)
	codec.RoundHalves(ds, ds)
}

// quantizeBlock sets q to the integers for x, and returns the scales of ActQ8 and ActQ8K:
// amax/127, rounded in two ways.
func quantizeBlock(q []int8, x []float32) (d, dK float32) {
	var bits uint32 // magnitudes have the same order as their bits, and NaN comes after infinity
	for _, v := range x {
		bits = max(bits, math.Float32bits(v)&0x7fffffff)
	}
	amax := math.Float32frombits(bits)
	d = amax / 127
	const tiny, inf = (127 - 100) << 23, 0x7f800000 // tiny is 2^-100, so that 127/amax is finite
	if bits < tiny || bits >= inf {
		clear(q)
		return d, d
	}
	scale := 127 / amax
	for i, v := range x {
		q[i] = int8(math.RoundToEven(float64(float32(v * scale))))
	}
	return d, 1 / scale
}

func sum(q []int8) (s int32) {
	for _, v := range q {
		s += int32(v)
	}
	return s
}

// paddedStride returns Acts.Stride for rows of n elements. size is the size of an element in
// bytes.
func paddedStride(n, size int) int {
	lines := (n*size + 63) / 64
	return (lines | 1) * 64 / size
}

// resize returns a slice of n elements, whose values are
// arbitrary. It reuses the memory of s if that is large enough.
func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }
