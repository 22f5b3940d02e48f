package quant

import (
	"fmt"
	"math"

	"alpaca/internal/quant/codec"
)

// Encode turns rows of cols weights each into blocks of type t. The bytes are the
// same as those of llama-quantize. cols must be a multiple of the type's BlockLen,
// and len(src) must be a multiple of cols. len(dst) must be the size of the blocks.
//
// If importance is not nil, it has a number for each column: the mean square of the
// column's activations. This number is how much an error in that column counts. Formats
// that use it (see UsesImportance) search for scales that minimize the weighted error.
//
// Weights must be finite. A scale that float16 cannot hold becomes infinite or NaN: see
// FiniteScales.
//
// All arithmetic is in float32, each operation rounded on its own, and sums are in the order of
// the weights. So the bytes do not depend on the CPU or on how rows are divided among workers.
// A fused multiply-add would give different bytes, so the code writes float32(x*y) for a
// product in a sum.
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
	if !(importance != nil && UsesImportance(t)) && spans[t] != nil && spans[t](dst, src) {
		return
	}
	for ; len(src) > 0; src, dst = src[cols:], dst[rowBytes:] {
		encode(dst[:rowBytes], src[:cols], importance)
	}
}

// spans encode rows without importance, if this CPU has the vector instructions for that. A
// function that returns false has done nothing.
var spans = map[Type]func(dst []byte, x []float32) bool{
	F16:  func(dst []byte, x []float32) bool { codec.EncodeF16(dst, x); return true },
	Q4_0: codec.EncodeQ4_0,
	Q4_1: codec.EncodeQ4_1,
	Q5_0: codec.EncodeQ5_0,
	Q5_1: codec.EncodeQ5_1,
	Q8_0: codec.EncodeQ8_0,
}

// encoders turn one row of weights into blocks. importance
// belongs to the columns of the row, and may be nil.
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

func encodeF16(dst []byte, x, _ []float32) { codec.EncodeF16(dst, x) }

func encodeBF16(dst []byte, x, _ []float32) {
	for i, v := range x {
		b := codec.F32ToBF16(v)
		d := dst[2*i : 2*i+2]
		d[0], d[1] = byte(b), byte(b>>8)
	}
}
