package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// KV is one metadata entry.
type KV struct {
	Key   string
	Value Value
}

// Kind is a metadata value's type, by its code in the file.
type Kind uint32

// These are the kinds of values.
const (
	KindU8     Kind = 0
	KindI8     Kind = 1
	KindU16    Kind = 2
	KindI16    Kind = 3
	KindU32    Kind = 4
	KindI32    Kind = 5
	KindF32    Kind = 6
	KindBool   Kind = 7
	KindString Kind = 8
	KindArray  Kind = 9
	KindU64    Kind = 10
	KindI64    Kind = 11
	KindF64    Kind = 12
)

// kinds has each kind's name and size; strings and arrays have no fixed size.
var kinds = [...]struct {
	name string
	size int
}{
	{"u8", 1}, {"i8", 1}, {"u16", 2}, {"i16", 2}, {"u32", 4}, {"i32", 4}, {"f32", 4},
	{"bool", 1}, {"str", 0}, {"arr", 0}, {"u64", 8}, {"i64", 8}, {"f64", 8},
}

func (k Kind) String() string {
	if k < Kind(len(kinds)) { // compared as unsigned numbers, because an int may have 32 bits
		return kinds[k].name
	}
	return fmt.Sprintf("value type %d", uint32(k))
}

// size returns the number of bytes of a value whose kind has a fixed size, and 0 for all other
// kinds.
func (k Kind) size() int {
	if k < Kind(len(kinds)) { // compared as unsigned numbers, because an int may have 32 bits
		return kinds[k].size
	}
	return 0
}

// Value is one metadata value. A value stays encoded until a method decodes it, so opening
// a file with a vocabulary of 128 thousand tokens costs next to nothing. Like tensor data,
// it is valid until the file is closed. The methods return copies, which stay valid.
type Value struct {
	Kind Kind
	Elem Kind // kind of the elements if Kind is KindArray

	n   int      // number of elements if the value is an array, otherwise 1
	raw []byte   // the value, the elements, or the bytes of the string
	enc encoding // how raw stores strings and arrays
}

// encoding says how files of a GGUF version store lengths and strings.
type encoding struct {
	short bool // v1: counts and lengths are u32, not u64
	trim  bool // v1 and v2: one NUL at the end of a string is not part of it
}

// lengthSize returns the bytes of a count or length.
func (e encoding) lengthSize() int {
	if e.short {
		return 4
	}
	return 8
}

// text returns the string that a file stores as p.
func (e encoding) text(p []byte) []byte {
	if e.trim && len(p) > 0 && p[len(p)-1] == 0 {
		return p[:len(p)-1]
	}
	return p
}

// Len returns the number of elements of an array, or 1 for any other value.
func (v Value) Len() int { return v.n }

// TypeName returns the name of the value's type, such as "u32", "str" or "arr[f32]".
func (v Value) TypeName() string {
	if v.Kind == KindArray {
		return "arr[" + v.Elem.String() + "]"
	}
	return v.Kind.String()
}

// number is a decoded scalar. The Kind of the value says which field holds the number.
type number struct {
	u uint64
	i int64
	f float64
}

// decode reads the scalar of kind k at p.
func (k Kind) decode(p []byte) (n number) {
	le := binary.LittleEndian
	switch k {
	case KindU8, KindBool:
		n.u = uint64(p[0])
	case KindU16:
		n.u = uint64(le.Uint16(p))
	case KindU32:
		n.u = uint64(le.Uint32(p))
	case KindU64:
		n.u = le.Uint64(p)
	case KindI8:
		n.i = int64(int8(p[0]))
	case KindI16:
		n.i = int64(int16(le.Uint16(p)))
	case KindI32:
		n.i = int64(int32(le.Uint32(p)))
	case KindI64:
		n.i = int64(le.Uint64(p))
	case KindF32:
		n.f = float64(math.Float32frombits(le.Uint32(p)))
	case KindF64:
		n.f = math.Float64frombits(le.Uint64(p))
	}
	return n
}

func (k Kind) unsigned() bool { return k == KindU8 || k == KindU16 || k == KindU32 || k == KindU64 }
func (k Kind) signed() bool   { return k == KindI8 || k == KindI16 || k == KindI32 || k == KindI64 }
func (k Kind) float() bool    { return k == KindF32 || k == KindF64 }

// Programs that write GGUF differ in the types of numbers. A count may be a u64, an i32 or even
// a whole f32; a factor may be an f64; a flag may be a u8. The methods below therefore accept
// any kind of number whose value fits.

// Uint returns a non-negative integer.
func (v Value) Uint() (uint64, bool) {
	return v.Kind.decode(v.raw).asUint(v.Kind)
}

// Int returns an integer that fits an int64.
func (v Value) Int() (int64, bool) {
	return v.Kind.decode(v.raw).asInt(v.Kind)
}

// Float returns a number as a float.
func (v Value) Float() (float64, bool) {
	return v.Kind.decode(v.raw).asFloat(v.Kind)
}

// Bool returns a bool. The numbers 0 and 1 count as bools.
func (v Value) Bool() (value, ok bool) {
	return v.Kind.decode(v.raw).asBool(v.Kind)
}

// asUint returns a number of kind k if it is a non-negative integer.
func (n number) asUint(k Kind) (uint64, bool) {
	switch {
	case k.unsigned():
		return n.u, true
	case k.signed():
		return uint64(n.i), n.i >= 0
	case k.float() && n.f >= 0 && n.f < 1<<64 && n.f == math.Trunc(n.f):
		return uint64(n.f), true
	}
	return 0, false
}

// asInt returns a number of kind k if it is an integer that fits an int64.
func (n number) asInt(k Kind) (int64, bool) {
	switch {
	case k.unsigned():
		return int64(n.u), n.u <= math.MaxInt64
	case k.signed():
		return n.i, true
	case k.float() && n.f >= -1<<63 && n.f < 1<<63 && n.f == math.Trunc(n.f):
		return int64(n.f), true
	}
	return 0, false
}

// asFloat returns a number of kind k. Integers are rounded to a float.
func (n number) asFloat(k Kind) (float64, bool) {
	switch {
	case k.unsigned():
		return float64(n.u), true
	case k.signed():
		return float64(n.i), true
	}
	return n.f, k.float()
}

// asBool returns a bool. A number of kind k counts as a bool if it is 0 or 1.
func (n number) asBool(k Kind) (value, ok bool) {
	if k == KindBool {
		return n.u != 0, true
	}
	f, ok := n.asFloat(k)
	return f == 1, ok && (f == 0 || f == 1)
}

// Str returns a string, whose bytes need not be UTF-8.
func (v Value) Str() (string, bool) {
	if v.Kind != KindString {
		return "", false
	}
	return string(v.raw), true
}

// Strings returns an array of strings. They share one copy of the bytes.
func (v Value) Strings() ([]string, bool) {
	if v.Kind != KindArray || v.Elem != KindString {
		return nil, false
	}
	list := make([]string, 0, v.n)
	all := string(v.raw)
	if v.enc == (encoding{}) { // version 3: a fast path, since vocabularies may be large
		for at := 0; len(list) < v.n; {
			start := at + 8
			at = start + int(binary.LittleEndian.Uint64(v.raw[at:]))
			list = append(list, all[start:at])
		}
		return list, true
	}
	c := cursor{b: v.raw, size: int64(len(v.raw))}
	for range v.n {
		p := c.bytes(c.length(v.enc))
		start := c.pos - len(p)
		list = append(list, all[start:start+len(v.enc.text(p))])
	}
	return list, true
}

// Floats returns an array of numbers as float32. ok
// is false if a number exceeds the range of float32.
func (v Value) Floats() ([]float32, bool) {
	if v.Kind == KindArray && v.Elem == KindF32 { // the usual kind of scores
		list := make([]float32, v.n)
		for i := range list {
			list[i] = math.Float32frombits(binary.LittleEndian.Uint32(v.raw[4*i:]))
		}
		return list, true
	}
	return numbers(v, func(n number) (float32, bool) {
		f, ok := n.asFloat(v.Elem)
		return float32(f), ok && (math.Abs(f) <= math.MaxFloat32 || math.IsInf(f, 0) || f != f)
	})
}

// Ints returns an array of integers that all fit an int32.
func (v Value) Ints() ([]int32, bool) {
	if v.Kind == KindArray && v.Elem == KindI32 { // the usual kind of token types
		list := make([]int32, v.n)
		for i := range list {
			list[i] = int32(binary.LittleEndian.Uint32(v.raw[4*i:]))
		}
		return list, true
	}
	return numbers(v, func(n number) (int32, bool) {
		i, ok := n.asInt(v.Elem)
		return int32(i), ok && i == int64(int32(i))
	})
}

// Bools returns an array of bools, or of numbers that are 0 or 1.
func (v Value) Bools() ([]bool, bool) {
	return numbers(v, func(n number) (bool, bool) { return n.asBool(v.Elem) })
}

// numbers returns an array of numbers or bools. The function
// as converts an element and reports whether the element fits.
func numbers[T any](v Value, as func(number) (T, bool)) ([]T, bool) {
	if v.Kind != KindArray || v.Elem == KindString || v.Elem == KindArray {
		return nil, false
	}
	list := make([]T, v.n)
	for i := range list {
		var ok bool
		if list[i], ok = as(v.elem(i)); !ok {
			return nil, false
		}
	}
	return list, true
}

// elem decodes element i of an array of numbers.
func (v Value) elem(i int) number { return v.Elem.decode(v.raw[i*v.Elem.size():]) }
