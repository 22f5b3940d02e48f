// Package quant holds the number formats of GGML and GGUF files and the matrix
// products that read them where they lie.
//
// A format is a file: its byte map, unpack (bytes to integers and scales),
// encode. Everything else follows from unpack and is written once:
//
//	decode.go   rows to float32
//	acts.go     the other operand: activations, quantized to 8 bits or not
//	dot.go      the dot product, which defines every result to the bit
//	matmul.go   out = W·x, by a kernel of this CPU or by dot.go
//
// A kernel (kernels_*.go, *.s) must equal dot.go with ==.
package quant

// A format32 is a format whose blocks are 32 weights with one scale and perhaps
// one minimum: w[i] = q[i]*d + m.
type format32 struct {
	// unpack reads one block: integers, scale and minimum (0 where the
	// format has none).
	unpack func(block []byte, q *[32]int8) (d, m float32)
	hasMin bool
	lanes  bool // whether its products are eight partial sums, see dot.go
}

// A format256 is a format whose super-blocks are 256 weights in 16 runs of 16:
// w[i] = (d*sc[i/16])*q[i] - dmin*mn[i/16].
type format256 struct {
	unpack func(block []byte, s *superBlock)
	hasMin bool
}

// A superBlock is an unpacked block of a format256.
type superBlock struct {
	d, dmin float32
	q       [256]int8
	sc, mn  [16]int16 // scales and minima, of 16 weights each
}

// The integer formats. Those of 256 are called k-quants in the field, after the
// first of them.
var (
	formats32 = map[Type]format32{
		Q4_0:   {unpack: unpackQ4_0},
		Q4_1:   {unpack: unpackQ4_1, hasMin: true},
		Q5_0:   {unpack: unpackQ5_0},
		Q5_1:   {unpack: unpackQ5_1, hasMin: true, lanes: true},
		Q8_0:   {unpack: unpackQ8_0},
		IQ4_NL: {unpack: unpackIQ4_NL},
		MXFP4:  {unpack: unpackMXFP4},
		Q4_0v1: {unpack: unpackQ4_0v1},
		Q4_0v2: {unpack: unpackQ4_0v2},
		Q4_1v1: {unpack: unpackQ4_1v1, hasMin: true},
		Q4_1v2: {unpack: unpackQ4_1v2, hasMin: true},
		Q5_0v1: {unpack: unpackQ5_0v1},
		Q5_1v1: {unpack: unpackQ5_1v1, hasMin: true, lanes: true},
		Q8_0v1: {unpack: unpackQ8_0v1},
	}
	formats256 = map[Type]format256{
		Q2_K:    {unpack: unpackQ2_K, hasMin: true},
		Q3_K:    {unpack: unpackQ3_K},
		Q4_K:    {unpack: unpackQ4_K, hasMin: true},
		Q5_K:    {unpack: unpackQ5_K, hasMin: true},
		Q6_K:    {unpack: unpackQ6_K},
		IQ4_XS:  {unpack: unpackIQ4_XS},
		IQ1_S:   {unpack: unpackIQ1_S},
		IQ1_M:   {unpack: unpackIQ1_M},
		IQ2_XXS: {unpack: unpackIQ2_XXS},
		IQ2_XS:  {unpack: unpackIQ2_XS},
		IQ2_S:   {unpack: unpackIQ2_S},
		IQ3_XXS: {unpack: unpackIQ3_XXS},
		IQ3_S:   {unpack: unpackIQ3_S},
		TQ1_0:   {unpack: unpackTQ1_0},
		TQ2_0:   {unpack: unpackTQ2_0},
	}
)

// CanCompute reports whether the type can be decoded and multiplied with.
func CanCompute(t Type) bool {
	_, is16 := formats16[t]
	_, is32 := formats32[t]
	_, isWide := wideFormats[t]
	_, is256 := formats256[t]
	return is16 || is32 || isWide || is256 || isFloat(t)
}

func isFloat(t Type) bool { return t == F32 || t == F16 || t == BF16 }
