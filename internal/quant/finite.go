package quant

import "math"

// FirstNotFinite returns the index of the first element of x that is infinite or NaN, or -1.
func FirstNotFinite(x []float32) int {
	for i, v := range x {
		if !finite32(math.Float32bits(v)) {
			return i
		}
	}
	return -1
}

// FiniteScales reports whether the scales and minima in data are finite. data has whole blocks of
// type t. In a quantized type, all weights are finite if the scales are. For F16, FiniteScales
// checks the weights. It returns true for the other types.
func FiniteScales(t Type, data []byte) bool {
	n := t.BlockBytes()
	switch t {
	case IQ1_M: // its scale is in four parts
		for ; len(data) >= n; data = data[n:] {
			if data[55]&0x70 == 0x70 && data[53]&0xc0 == 0xc0 {
				return false
			}
		}
		return true
	case MXFP4:
		for ; len(data) >= n; data = data[n:] {
			if !finiteMXFP4(data) {
				return false
			}
		}
		return true
	}
	offsets, ok := scales16[t]
	if !ok {
		return true
	}
	for ; len(data) >= n; data = data[n:] {
		for _, at := range offsets {
			if data[at+1]&0x7c == 0x7c { // the exponent of infinity and NaN
				return false
			}
		}
	}
	return true
}

// scales16 has the offsets, in bytes, of the float16 numbers in a block of each type.
var scales16 = map[Type][]int{
	F16:     {0},
	Q4_0:    {0},
	Q4_1:    {0, 2},
	Q5_0:    {0},
	Q5_1:    {0, 2},
	Q8_0:    {0},
	IQ4_NL:  {0},
	Q2_K:    {80, 82},
	Q3_K:    {108},
	Q4_K:    {0, 2},
	Q5_K:    {0, 2},
	Q6_K:    {208},
	IQ4_XS:  {0},
	IQ1_S:   {0},
	IQ2_XXS: {0},
	IQ2_XS:  {0},
	IQ2_S:   {0},
	IQ3_XXS: {0},
	IQ3_S:   {0},
	TQ1_0:   {52},
	TQ2_0:   {64},
	Q1_0:    {0},
	Q2_0:    {0},
}

func finite32(bits uint32) bool { return bits&0x7f800000 != 0x7f800000 }
