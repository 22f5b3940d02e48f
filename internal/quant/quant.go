// Package quant holds the number formats of GGML and GGUF files: their blocks
// (type.go), encoding from float32 (encode.go) and decoding (decode.go). Each format
// has a file with its byte map, an unpack function (bytes to integers and scales) and
// an encoder. Decoding and the products of package matmul use the unpack function.
// Package fit has the searches of the encoders, and package codec has vector code.
package quant

// A Format32 is a format whose blocks are 32 weights with one scale and perhaps
// one minimum: w[i] = q[i]*d + m.
type Format32 struct {
	// Unpack reads one block and returns its integers q, scale d
	// and minimum m. m is 0 if the format has no minima.
	Unpack func(block []byte, q *[32]int8) (d, m float32)
	HasMin bool
	Lanes  bool // a product has eight partial sums, see matmul/dot.go
}

// A Format256 is a format whose super-blocks are 256 weights in 16 runs of 16:
// w[i] = (d*sc[i/16])*q[i] - dmin*mn[i/16].
type Format256 struct {
	Unpack func(block []byte, s *SuperBlock)
	HasMin bool
}

// A SuperBlock is an unpacked block of a Format256.
type SuperBlock struct {
	D, DMin float32
	Q       [256]int8
	Sc, Mn  [16]int16 // scales and minima; each belongs to 16 weights
}

// A WideFormat is a format whose blocks consist of several parts of 32 weights. Each
// part is multiplied with one block of activations. A weight is w[i] = q[i]*d. There
// is one scale d for all weights of a block, or one for each 16 weights.
type WideFormat struct {
	// Unpack reads part number part of a block: 32 integers and their scale,
	// d[0]. If Halves is set, d[h] is the scale of half h of the integers.
	Unpack func(block []byte, part int, q *[32]int8) (d [2]float32)
	Halves bool // each group of 16 weights has a scale of its own
}

// A Format16 is a format whose blocks are 16 weights. What the Type calls a
// block is a pair of these blocks, which is multiplied with 32 activations.
// In half h of the pair, w[i] = q[i]*d[h] + m[h], 16h ≤ i < 16h+16.
type Format16 struct {
	Unpack func(pair []byte, q *[32]int8) (d, m [2]float32)
	HasMin bool
}

// The integer formats. Formats with blocks of 256 weights are called k-quants, after the first
// of them.
var (
	formats32 = map[Type]Format32{
		Q4_0:   {Unpack: unpackQ4_0},
		Q4_1:   {Unpack: unpackQ4_1, HasMin: true},
		Q5_0:   {Unpack: unpackQ5_0},
		Q5_1:   {Unpack: unpackQ5_1, HasMin: true, Lanes: true},
		Q8_0:   {Unpack: unpackQ8_0},
		IQ4_NL: {Unpack: unpackIQ4_NL},
		MXFP4:  {Unpack: unpackMXFP4},
		Q4_0v1: {Unpack: unpackQ4_0v1},
		Q4_0v2: {Unpack: unpackQ4_0v2},
		Q4_1v1: {Unpack: unpackQ4_1v1, HasMin: true},
		Q4_1v2: {Unpack: unpackQ4_1v2, HasMin: true},
		Q5_0v1: {Unpack: unpackQ5_0v1},
		Q5_1v1: {Unpack: unpackQ5_1v1, HasMin: true, Lanes: true},
		Q8_0v1: {Unpack: unpackQ8_0v1},
	}
	formats256 = map[Type]Format256{
		Q2_K:    {Unpack: unpackQ2_K, HasMin: true},
		Q3_K:    {Unpack: unpackQ3_K},
		Q4_K:    {Unpack: unpackQ4_K, HasMin: true},
		Q5_K:    {Unpack: unpackQ5_K, HasMin: true},
		Q6_K:    {Unpack: unpackQ6_K},
		IQ4_XS:  {Unpack: unpackIQ4_XS},
		IQ1_S:   {Unpack: unpackIQ1_S},
		IQ1_M:   {Unpack: unpackIQ1_M},
		IQ2_XXS: {Unpack: unpackIQ2_XXS},
		IQ2_XS:  {Unpack: unpackIQ2_XS},
		IQ2_S:   {Unpack: unpackIQ2_S},
		IQ3_XXS: {Unpack: unpackIQ3_XXS},
		IQ3_S:   {Unpack: unpackIQ3_S},
		TQ1_0:   {Unpack: unpackTQ1_0},
		TQ2_0:   {Unpack: unpackTQ2_0},
	}
	wideFormats = map[Type]WideFormat{ // with blocks of 64 or 128 weights
		Q1_0:  {Unpack: unpackQ1_0},
		Q2_0:  {Unpack: unpackQ2_0},
		NVFP4: {Unpack: unpackNVFP4, Halves: true},
	}
	formats16 = map[Type]Format16{
		Q4_2: {Unpack: unpackQ4_2},
		Q4_3: {Unpack: unpackQ4_3, HasMin: true},
	}
)

// Format32Of returns the format of a type whose blocks are 32 weights.
func Format32Of(t Type) (Format32, bool) { f, ok := formats32[t]; return f, ok }

// Format256Of returns the format of a type whose blocks are 256 weights.
func Format256Of(t Type) (Format256, bool) { f, ok := formats256[t]; return f, ok }

// WideFormatOf returns the format of a type whose blocks are 64 or 128 weights.
func WideFormatOf(t Type) (WideFormat, bool) { f, ok := wideFormats[t]; return f, ok }

// Format16Of returns the format of a type whose blocks are 16 weights.
func Format16Of(t Type) (Format16, bool) { f, ok := formats16[t]; return f, ok }

// CanCompute reports whether weights of type t can be decoded and multiplied.
func CanCompute(t Type) bool {
	_, is16 := formats16[t]
	_, is32 := formats32[t]
	_, isWide := wideFormats[t]
	_, is256 := formats256[t]
	return is16 || is32 || isWide || is256 || isFloat(t)
}

func isFloat(t Type) bool { return t == F32 || t == F16 || t == BF16 }
