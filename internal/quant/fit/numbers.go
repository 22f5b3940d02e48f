package fit

import "math"

// Nearest rounds f to the nearest integer, ties to even, if |f| < 2^22. It
// adds 1.5 * 2^23, which leaves the integer in the low bits of the sum. A
// larger |f| occurs only if a scale is far too small for its weights. For
// such f, Nearest still returns the low bits of the sum, as llama.cpp does.
func Nearest(f float32) int32 {
	return int32(math.Float32bits(float32(f)+0x1.8p23)&0x7fffff) - 0x400000
}

// truncByte returns the low byte of f without its fraction. It returns 0 if the integer
// does not fit in 32 bits or if f is NaN, as the conversion instruction of x86 does.
func truncByte(f float32) uint8 {
	if f > -0x1p31 && f < 0x1p31 {
		return uint8(int32(f))
	}
	return 0
}

// RoundByte rounds f to the nearest integer, ties away from 0, and returns the result's low
// byte as truncByte does.
func RoundByte(f float32) uint8 {
	f = float32(f) // round a product before the subtraction
	if !(f > -0x1p23 && f < 0x1p23) {
		return truncByte(f) // no fraction to round
	}
	n := int32(f)
	switch rest := f - float32(n); { // exact
	case rest >= 0.5:
		n++
	case rest <= -0.5:
		n--
	}
	return uint8(n)
}

// FirstLargest returns the value of largest magnitude, with its sign. If several values are
// equally large, it returns the first of them.
func FirstLargest(x []float32) float32 {
	var largest, most float32
	for _, v := range x {
		if a := Abs(v); a > most {
			most, largest = a, v
		}
	}
	return largest
}

// Abs returns f without its sign.
func Abs(f float32) float32 { return math.Float32frombits(math.Float32bits(f) &^ (1 << 31)) }

func sqrt(f float32) float32 { return float32(math.Sqrt(float64(f))) }

// Inverse returns 1/d, or 0 if d is 0, as for a block whose weights are all 0.
func Inverse(d float32) float32 {
	if d == 0 {
		return 0
	}
	return 1 / d
}

// SumSquares returns Σ x².
func SumSquares(x []float32) (sum float32) {
	for _, v := range x {
		sum += float32(v * v)
	}
	return sum
}

// Weigh sets w[i] to how much an error in x[i] counts. This is the column's
// importance times sqrt(sigma2 + x[i]²), so that errors in large weights count more.
// sigma2 is the mean square of the weights of the row or the block, or twice that.
func Weigh(w, x, importance []float32, sigma2 float32) {
	importance, w = importance[:len(x)], w[:len(x)]
	for i, v := range x {
		w[i] = importance[i] * sqrt(sigma2+float32(v*v))
	}
}
