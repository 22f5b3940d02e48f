package weights

import (
	"encoding/binary"
	"math"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// Type is the type of a stored element, with the name that safetensors has for it.
type Type string

// The types. All are little-endian.
const (
	F64     Type = "F64"
	F32     Type = "F32"
	F16     Type = "F16"
	BF16    Type = "BF16"
	F8E4M3  Type = "F8_E4M3" // without infinities: 0x7f and 0xff are NaN
	F8E5M2  Type = "F8_E5M2"
	F8E4M3Z Type = "F8_E4M3FNUZ" // bias 8; negative zero is NaN
	F8E5M2Z Type = "F8_E5M2FNUZ" // bias 16; negative zero is NaN
	F8E8M0  Type = "F8_E8M0"     // 2^(x-127): a scale
	F6E2M3  Type = "F6_E2M3"
	F6E3M2  Type = "F6_E3M2"
	F4      Type = "F4"
	I64     Type = "I64"
	I32     Type = "I32"
	I16     Type = "I16"
	I8      Type = "I8"
	U64     Type = "U64"
	U32     Type = "U32"
	U16     Type = "U16"
	U8      Type = "U8"
	Bool    Type = "BOOL"
	C64     Type = "C64"
)

// types has, for each type, the bits of an element, and a
// function that decodes an element if it is a plain number.
var types = map[Type]struct {
	bits   int
	decode func(b []byte) float32
}{
	F64:     {64, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }},
	F32:     {32, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	F16:     {16, func(b []byte) float32 { return codec.F16ToF32(binary.LittleEndian.Uint16(b)) }},
	BF16:    {16, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
	F8E4M3:  {8, func(b []byte) float32 { return e4m3[b[0]] }},
	F8E5M2:  {8, func(b []byte) float32 { return e5m2[b[0]] }},
	F8E4M3Z: {8, func(b []byte) float32 { return e4m3z[b[0]] }},
	F8E5M2Z: {8, func(b []byte) float32 { return e5m2z[b[0]] }},
	F8E8M0:  {8, func(b []byte) float32 { return e8m0[b[0]] }},
	I64:     {64, func(b []byte) float32 { return float32(int64(binary.LittleEndian.Uint64(b))) }},
	I32:     {32, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) }},
	I16:     {16, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) }},
	I8:      {8, func(b []byte) float32 { return float32(int8(b[0])) }},
	U64:     {64, func(b []byte) float32 { return float32(binary.LittleEndian.Uint64(b)) }},
	U32:     {32, func(b []byte) float32 { return float32(binary.LittleEndian.Uint32(b)) }},
	U16:     {16, func(b []byte) float32 { return float32(binary.LittleEndian.Uint16(b)) }},
	U8:      {8, func(b []byte) float32 { return float32(b[0]) }},
	Bool:    {8, func(b []byte) float32 { return float32(min(b[0], 1)) }},
	F6E2M3:  {bits: 6},
	F6E3M2:  {bits: 6},
	F4:      {bits: 4},
	C64:     {bits: 64},
}

// Known reports whether t is one of the types above.
func (t Type) Known() bool { return types[t].bits > 0 }

// Bits returns the number of bits of an element.
func (t Type) Bits() int { return types[t].bits }

// Plain reports whether Decode can decode elements.
func (t Type) Plain() bool { return types[t].decode != nil }

// Float reports whether t is a type for weights that need no separate scales.
func (t Type) Float() bool {
	switch t {
	case F64, F32, F16, BF16, F8E4M3, F8E5M2, F8E4M3Z, F8E5M2Z:
		return true
	}
	return false
}

// Bytes returns the number of bytes of n elements, rounded up to whole bytes.
func (t Type) Bytes(n int) int64 { return (int64(n)*int64(t.Bits()) + 7) / 8 }

// Decode sets dst to the elements at the beginning of src. The type must be Plain.
func (t Type) Decode(dst []float32, src []byte) {
	switch t {
	case F32:
		quant.Decode(quant.F32, dst, src)
		return
	case F16:
		quant.Decode(quant.F16, dst, src)
		return
	case BF16:
		quant.Decode(quant.BF16, dst, src)
		return
	}
	e := types[t]
	size := e.bits / 8
	for i := range dst {
		dst[i] = e.decode(src[i*size:])
	}
}

// These tables have the values of all codes of the 8-bit types. e4m3 and e5m2 are from "FP8 formats
// for deep learning" (arXiv 2209.05433), the two types without a negative zero are from arXiv
// 2206.02915, and e8m0 is from section 5.3 of OCP's "Microscaling formats".
var (
	e4m3  = smallFloats(4, 7, func(b byte) bool { return b&0x7f == 0x7f }, nil)
	e5m2  = smallFloats(5, 15, func(b byte) bool { return b&0x7f > 0x7c }, func(b byte) bool { return b&0x7f == 0x7c })
	e4m3z = smallFloats(4, 8, func(b byte) bool { return b == 0x80 }, nil)
	e5m2z = smallFloats(5, 16, func(b byte) bool { return b == 0x80 }, nil)
	e8m0  = func() (list [256]float32) {
		for i := range list {
			list[i] = float32(math.Ldexp(1, i-127))
		}
		list[255] = float32(math.NaN())
		return list
	}()
)

// smallFloats returns the values of all 8-bit floats with a sign, the given number of
// exponent bits and the given bias.
func smallFloats(exponent, bias int, nan, inf func(b byte) bool) (list [256]float32) {
	mantissa := 7 - exponent
	for i := range list {
		b := byte(i)
		e, m := int(b&0x7f)>>mantissa, float64(int(b)&(1<<mantissa-1))/float64(int(1)<<mantissa)
		v := math.Ldexp(1+m, e-bias)
		if e == 0 {
			v = math.Ldexp(m, 1-bias)
		}
		if b&0x80 != 0 {
			v = -v
		}
		if b == 0x80 {
			v = math.Copysign(0, -1)
		}
		switch {
		case nan(b):
			v = math.NaN()
		case inf != nil && inf(b):
			v = math.Copysign(math.Inf(1), v)
		}
		list[i] = float32(v)
	}
	return list
}
