package gguf

import (
	"encoding/binary"
	"math"
)

// U8 makes a value of kind KindU8, for a Writer.
func U8(v uint8) Value { return Value{Kind: KindU8, n: 1, raw: []byte{v}} }

// U16 makes a value of kind KindU16.
func U16(v uint16) Value {
	return Value{Kind: KindU16, n: 1, raw: binary.LittleEndian.AppendUint16(nil, v)}
}

// U32 makes a value of kind KindU32.
func U32(v uint32) Value {
	return Value{Kind: KindU32, n: 1, raw: binary.LittleEndian.AppendUint32(nil, v)}
}

// U64 makes a value of kind KindU64.
func U64(v uint64) Value {
	return Value{Kind: KindU64, n: 1, raw: binary.LittleEndian.AppendUint64(nil, v)}
}

// I32 makes a value of kind KindI32.
func I32(v int32) Value {
	return Value{Kind: KindI32, n: 1, raw: binary.LittleEndian.AppendUint32(nil, uint32(v))}
}

// F32 makes a value of kind KindF32.
func F32(v float32) Value {
	return Value{Kind: KindF32, n: 1, raw: binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))}
}

// F64 makes a value of kind KindF64.
func F64(v float64) Value {
	return Value{Kind: KindF64, n: 1, raw: binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))}
}

// Bool makes a bool.
func Bool(v bool) Value {
	raw := []byte{0}
	if v {
		raw[0] = 1
	}
	return Value{Kind: KindBool, n: 1, raw: raw}
}

// Str makes a string.
func Str(v string) Value { return Value{Kind: KindString, n: 1, raw: []byte(v)} }

// Strs makes an array of strings.
func Strs(list []string) Value {
	v := Value{Kind: KindArray, Elem: KindString, n: len(list)}
	for _, s := range list {
		v.raw = binary.LittleEndian.AppendUint64(v.raw, uint64(len(s)))
		v.raw = append(v.raw, s...)
	}
	return v
}

// F32s makes an array of f32.
func F32s(list []float32) Value {
	v := Value{Kind: KindArray, Elem: KindF32, n: len(list)}
	for _, x := range list {
		v.raw = binary.LittleEndian.AppendUint32(v.raw, math.Float32bits(x))
	}
	return v
}

// I32s makes an array of i32.
func I32s(list []int32) Value {
	v := Value{Kind: KindArray, Elem: KindI32, n: len(list)}
	for _, x := range list {
		v.raw = binary.LittleEndian.AppendUint32(v.raw, uint32(x))
	}
	return v
}

// U32s makes an array of u32.
func U32s(list []uint32) Value {
	v := Value{Kind: KindArray, Elem: KindU32, n: len(list)}
	for _, x := range list {
		v.raw = binary.LittleEndian.AppendUint32(v.raw, x)
	}
	return v
}

// Bools makes an array of bools.
func Bools(list []bool) Value {
	v := Value{Kind: KindArray, Elem: KindBool, n: len(list)}
	for _, x := range list {
		v.raw = append(v.raw, Bool(x).raw...)
	}
	return v
}

// appendValue appends v in the form of version 3. The kind comes first.
func appendValue(dst []byte, v Value) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Kind))
	switch v.Kind {
	case KindString:
		dst = binary.LittleEndian.AppendUint64(dst, uint64(len(v.raw)))
		return append(dst, v.raw...)
	case KindArray:
		return appendArray(dst, v)
	}
	return append(dst, v.raw...)
}

// appendArray appends v. The kind of its elements comes first. If v comes from an older
// version of GGUF, the lengths of its strings and arrays are converted to those of version 3.
func appendArray(dst []byte, v Value) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(v.Elem))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(v.n))
	if v.enc == (encoding{}) || v.Elem.size() > 0 {
		return append(dst, v.raw...)
	}
	c := cursor{b: v.raw, size: int64(len(v.raw))}
	for range v.n {
		if v.Elem == KindArray {
			dst = appendArray(dst, c.array(v.enc, 0))
			continue
		}
		s := v.enc.text(c.bytes(c.length(v.enc)))
		dst = binary.LittleEndian.AppendUint64(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}
