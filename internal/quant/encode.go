package quant

import (
	"fmt"
	"math"
)

// Encode turns rows of cols weights into blocks of type t, byte for byte as
// llama-quantize does. len(src) is a multiple of cols, cols of the type's
// BlockLen, and dst as long as the blocks.
//
// importance, where not nil, says for each of the cols how much its errors
// matter: the mean square of the activations that it is multiplied with. Formats
// that can put it to use (see UsesImportance) then search for scales that
// minimize the weighted error.
//
// Weights must be finite. Where float16 cannot hold a block's scale the scale
// is infinite, or NaN: see FiniteScales.
//
// All arithmetic is in float32, each operation rounded on its own, sums in the
// order of the weights: bytes do not depend on the CPU or on how rows are shared
// out. A fused multiply-add would give others, so a product that is added to
// something is written float32(x*y).
func Encode(t Type, dst []byte, src []float32, cols int, importance []float32) {
	rowBytes := t.RowBytes(cols)
	encode, ok := encoders[t]
	if !ok {
		panic(fmt.Sprintf("quant: cannot encode %v", t))
	}
	if importance != nil && len(importance) != cols {
		panic(fmt.Sprintf("quant: importance of %d columns for rows of %d", len(importance), cols))
	}
	if len(src)%cols != 0 || len(dst) != len(src)/cols*rowBytes {
		panic(fmt.Sprintf("quant: %d bytes for %d weights of %v in rows of %d", len(dst), len(src), t, cols))
	}
	if !(importance != nil && UsesImportance(t)) && encodeSpan(t, dst, src) {
		return
	}
	for ; len(src) > 0; src, dst = src[cols:], dst[rowBytes:] {
		encode(dst[:rowBytes], src[:cols], importance)
	}
}

// encoders turn one row of weights into blocks, with the importance of its
// columns or nil.
var encoders = map[Type]func(dst []byte, x, importance []float32){
	F32:    encodeF32,
	F16:    encodeF16,
	BF16:   encodeBF16,
	Q4_0:   encodeQ4_0,
	Q4_1:   encodeQ4_1,
	Q5_0:   encodeQ5_0,
	Q5_1:   encodeQ5_1,
	Q8_0:   encodeQ8_0,
	Q2_K:   encodeQ2_K,
	Q3_K:   encodeQ3_K,
	Q4_K:   encodeQ4_K,
	Q5_K:   encodeQ5_K,
	Q6_K:   encodeQ6_K,
	IQ4_NL: encodeIQ4_NL,
	IQ4_XS: encodeIQ4_XS,
	MXFP4:  encodeMXFP4,
	NVFP4:  encodeNVFP4,
	TQ1_0:  encodeTQ1_0,
	TQ2_0:  encodeTQ2_0,
	Q1_0:   encodeQ1_0,
	Q2_0:   encodeQ2_0,
}

// CanEncode reports whether Encode can write type t.
func CanEncode(t Type) bool { return encoders[t] != nil }

// UsesImportance reports whether Encode's result depends on the importance.
func UsesImportance(t Type) bool {
	switch t {
	case F32, F16, BF16, Q8_0, MXFP4, NVFP4, TQ1_0, TQ2_0, Q1_0, Q2_0:
		return false
	}
	return true
}

func encodeF32(dst []byte, x, _ []float32) {
	for i, v := range x {
		b := math.Float32bits(v)
		d := dst[4*i : 4*i+4]
		d[0], d[1], d[2], d[3] = byte(b), byte(b>>8), byte(b>>16), byte(b>>24)
	}
}

func encodeF16(dst []byte, x, _ []float32) {
	for i, v := range x {
		putF16(dst[2*i:2*i+2], v)
	}
}

func encodeBF16(dst []byte, x, _ []float32) {
	for i, v := range x {
		b := F32ToBF16(v)
		d := dst[2*i : 2*i+2]
		d[0], d[1] = byte(b), byte(b>>8)
	}
}

// nearest rounds f to the nearest integer, ties to even, for |f| < 2^22: adding
// 1.5 * 2^23 leaves the integer in the low bits of the sum. Beyond that range,
// where a scale is absurdly small beside its weights, it returns those bits all
// the same, as the reference does.
func nearest(f float32) int32 {
	return int32(math.Float32bits(float32(f)+0x1.8p23)&0x7fffff) - 0x400000
}

// truncByte drops f's fraction and returns the low byte of the rest. Where the
// rest does not fit 32 bits, or f is NaN, that is 0, as x86 converts.
func truncByte(f float32) uint8 {
	if f > -0x1p31 && f < 0x1p31 {
		return uint8(int32(f))
	}
	return 0
}

// roundByte is truncByte of f rounded to the nearest integer, ties away from 0.
func roundByte(f float32) uint8 {
	f = float32(f) // before it meets a subtraction
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

// firstLargest returns the value of largest magnitude, with its sign; the first
// of several. It is 0 where all are.
func firstLargest(x []float32) float32 {
	var largest, most float32
	for _, v := range x {
		if a := abs(v); a > most {
			most, largest = a, v
		}
	}
	return largest
}

func abs(f float32) float32 { return math.Float32frombits(math.Float32bits(f) &^ (1 << 31)) }

func sqrt(f float32) float32 { return float32(math.Sqrt(float64(f))) }

// inverse returns 1/d, or 0 for 0: the scale of a block whose weights are all 0.
func inverse(d float32) float32 {
	if d == 0 {
		return 0
	}
	return 1 / d
}

// sumSquares returns Σ x².
func sumSquares(x []float32) (sum float32) {
	for _, v := range x {
		sum += float32(v * v)
	}
	return sum
}

// weigh sets w[i] to the weight of an error in x[i]: the column's importance,
// more for weights that are large beside their surroundings, whose mean square
// (or twice it) is sigma2.
func weigh(w, x, importance []float32, sigma2 float32) {
	importance, w = importance[:len(x)], w[:len(x)]
	for i, v := range x {
		w[i] = importance[i] * sqrt(sigma2+float32(v*v))
	}
}
