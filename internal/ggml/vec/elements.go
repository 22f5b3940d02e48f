package vec

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/quant/matmul"
)

// RMSNorm sets dst[i] = (x[i] * scale) * w[i] with
//
//	scale = 1 / sqrt(dot(x, x)/n + eps)
//
// Each operation rounds to float32. dot is matmul.DotF32. dst may be x.
func RMSNorm(dst, x, w []float32, eps float32) { rmsNorm(dst, x, w, eps) }

func rmsNormGeneric(dst, x, w []float32, eps float32) {
	scale := rmsScale(matmul.DotF32(x, x), len(x), eps)
	dst, w = dst[:len(x)], w[:len(x)]
	for i, v := range x {
		dst[i] = float32(v*scale) * w[i]
	}
}

// rmsScale returns RMSNorm's scale for n elements. squares is the sum of their squares.
func rmsScale(squares float32, n int, eps float32) float32 {
	mean := squares / float32(n)
	return 1 / float32(math.Sqrt(float64(mean+eps)))
}

// SumSquares returns the sum of the squares of x: matmul.DotF32(x, x).
func SumSquares(x []float32) float32 { return sumSquares(x) }

func sumSquaresGeneric(x []float32) float32 { return matmul.DotF32(x, x) }

// SiluMul sets gate[i] = gate[i] / (1 + e^-gate[i]) * up[i].
func SiluMul(gate, up []float32) { siluMul(gate, up) }

func siluMulGeneric(gate, up []float32) {
	up = up[:len(gate)]
	for i, g := range gate {
		gate[i] = float32(g/(1+fmath.Exp32(-g))) * up[i]
	}
}

// Sigmoid sets dst[i] = 1 / (1 + e^-x[i]).
func Sigmoid(dst, x []float32) { sigmoid(dst, x) }

func sigmoidGeneric(dst, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = 1 / (1 + fmath.Exp32(-v))
	}
}

// MulAdd adds the products w[j][i] * x[j][i] to dst[i], for one
// row j after the other. Each operation rounds to float32.
func MulAdd(dst []float32, w, x Mat, rows int) {
	if len(dst) > 0 && rows > 0 {
		mulAdd(dst, w, x, rows)
	}
}

func mulAddGeneric(dst []float32, w, x Mat, rows int) {
	for j := range rows {
		a, b := w.Data[j*w.Stride:][:len(dst)], x.Data[j*x.Stride:][:len(dst)]
		for i := range dst {
			dst[i] += float32(a[i] * b[i])
		}
	}
}

// mulAddArgs has the arguments of a kernel for MulAdd. Strides are in bytes.
type mulAddArgs struct {
	dst, w, x        *float32
	wStride, xStride int
	rows, n          int // n is the number of elements of dst
}

// newMulAddArgs returns the arguments for n columns. It panics if w or x have too few elements,
// because kernels do not check.
func newMulAddArgs(dst []float32, w, x Mat, rows, n int) mulAddArgs {
	_, _, _ = dst[n-1], w.Data[(rows-1)*w.Stride+n-1], x.Data[(rows-1)*x.Stride+n-1]
	return mulAddArgs{&dst[0], &w.Data[0], &x.Data[0], 4 * w.Stride, 4 * x.Stride, rows, n}
}

// Rotate rotates each pair x[2i], x[2i+1] by the angle of cos[i] and sin[i].
func Rotate(x, cos, sin []float32) { rotate(x, cos, sin) }

func rotateGeneric(x, cos, sin []float32) {
	sin = sin[:len(cos)]
	for i, c := range cos {
		s, a, b := sin[i], x[2*i], x[2*i+1]
		x[2*i] = float32(a*c) - float32(b*s)
		x[2*i+1] = float32(a*s) + float32(b*c)
	}
}

// RotateHalves rotates each pair a[i], b[i] by the angle of cos[i] and sin[i].
func RotateHalves(a, b, cos, sin []float32) { rotateHalves(a, b, cos, sin) }

func rotateHalvesGeneric(a, b, cos, sin []float32) {
	a, b, sin = a[:len(cos)], b[:len(cos)], sin[:len(cos)]
	for i, c := range cos {
		s, x, y := sin[i], a[i], b[i]
		a[i] = float32(x*c) - float32(y*s)
		b[i] = float32(x*s) + float32(y*c)
	}
}

// WidenQ8 decodes keys in Q8_0 to dst. q has the integers of 32 dimensions of
// 32 positions: [dimension, position]. scale has the scale of each position.
func WidenQ8(dst *[32 * BlockLen]float32, q *[32 * BlockLen]byte, scale *[BlockLen]float32) {
	widenQ8(dst, q, scale)
}

func widenQ8Generic(dst *[32 * BlockLen]float32, q *[32 * BlockLen]byte, scale *[BlockLen]float32) {
	for i := range dst {
		dst[i] = float32(int8(q[i])) * scale[i%BlockLen]
	}
}
