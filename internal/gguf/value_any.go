package gguf

import (
	"fmt"
	"strings"
)

// Any returns the value as uint64, int64, float32, float64, bool, string, a slice of one of
// these, or []any for nested arrays.
func (v Value) Any() any {
	switch {
	case v.Kind == KindString:
		return string(v.raw)
	case v.Kind != KindArray:
		return v.Kind.any(v.Kind.decode(v.raw))
	case v.Elem == KindString:
		list, _ := v.Strings()
		return list
	case v.Elem == KindArray:
		return v.nested()
	}
	switch {
	case v.Elem.unsigned():
		return collect(v, func(n number) uint64 { return n.u })
	case v.Elem.signed():
		return collect(v, func(n number) int64 { return n.i })
	case v.Elem == KindF32:
		return collect(v, func(n number) float32 { return float32(n.f) })
	case v.Elem == KindF64:
		return collect(v, func(n number) float64 { return n.f })
	}
	return collect(v, func(n number) bool { return n.u != 0 })
}

// any returns the scalar n of kind k.
func (k Kind) any(n number) any {
	switch {
	case k.unsigned():
		return n.u
	case k.signed():
		return n.i
	case k == KindF32:
		return float32(n.f)
	case k == KindF64:
		return n.f
	}
	return n.u != 0
}

// collect decodes all elements of an array of numbers.
func collect[T any](v Value, as func(number) T) []T {
	list := make([]T, v.n)
	for i := range list {
		list[i] = as(v.elem(i))
	}
	return list
}

// nested returns the elements of an array of arrays.
func (v Value) nested() []any {
	list := make([]any, 0, v.n)
	c := cursor{b: v.raw, size: int64(len(v.raw))}
	for range v.n {
		list = append(list, c.array(v.enc, 0).Any())
	}
	return list
}

// String returns the value for people: arrays and long strings are shortened.
func (v Value) String() string {
	const limit = 60
	if v.Kind == KindArray {
		return fmt.Sprintf("%s, %d elements", v.TypeName(), v.n)
	}
	s := fmt.Sprint(v.Any())
	if v.Kind == KindString {
		s = fmt.Sprintf("%q", s[:min(len(s), limit)])
		if len(v.raw) > limit {
			s += fmt.Sprintf("… (%d bytes)", len(v.raw))
		}
	}
	return strings.ToValidUTF8(s, "?")
}
