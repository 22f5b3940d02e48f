// Package builtin has everything that templates can use: the methods of Python's types that the
// sandbox allows, Jinja's filters and tests, the functions that transformers adds, and Python's
// three ways to format text. A result keeps the origin (template or data, see package text) of
// every byte that comes from an argument. Some functions cannot tell which bytes come from an
// argument. The whole result of such a function counts as data if any argument contains data.
package builtin

import (
	"math"
	"math/big"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// Getattr returns x.name: an attribute or, if there is none, an item.
func Getattr(r *value.Run, x value.Value, name string) value.Value {
	if u, ok := x.(*value.Undefined); ok {
		u.Fail()
	}
	if v, ok := attribute(r, x, name); ok {
		return v
	}
	if v, ok := r.Item(x, text.New(name)); ok {
		return v
	}
	return &value.Undefined{Msg: "'" + value.TypeName(x) + " object' has no attribute '" + name + "'"}
}

// Getitem returns x[index]: an item or, if there is none, an attribute.
func Getitem(r *value.Run, x, index value.Value) value.Value {
	if v, ok := r.Item(x, index); ok {
		return v
	}
	if name, ok := index.(text.Text); ok {
		if v, ok := attribute(r, x, name.String()); ok {
			return v
		}
	}
	return &value.Undefined{Msg: "'" + value.TypeName(x) + " object' has no element " + shown(r, index)}
}

// shown returns the text that stands for a value in an error message.
func shown(r *value.Run, v value.Value) string {
	switch v := v.(type) {
	case text.Text:
		return v.Slice(0, 100).Quote().String()
	case int64, bool, nil, float64:
		return r.Repr(v).String()
	}
	return "of type " + value.TypeName(v)
}

// unsafe has the methods that the sandbox forbids because they change an object.
var unsafe = map[string]bool{
	"list.clear": true, "list.reverse": true, "list.insert": true, "list.sort": true, "list.extend": true, "list.remove": true,
	"dict.clear": true, "dict.popitem": true, "dict.setdefault": true,
	"set.add": true, "set.clear": true, "set.difference_update": true, "set.discard": true, "set.pop": true, "set.remove": true,
	"set.symmetric_difference_update": true, "set.update": true,
}

// hidden has the special methods of all objects, which the sandbox forbids. Their names are listed
// without underscores.
const hidden = " class doc init new repr str eq ne lt le gt ge hash dir format getattribute setattr delattr sizeof reduce " +
	"reduce_ex subclasshook init_subclass getstate "

// attribute returns an attribute of x, or false if x does not have it. For
// an attribute that the sandbox forbids, it returns an unsafe Undefined.
func attribute(r *value.Run, x value.Value, name string) (value.Value, bool) {
	kind := value.TypeName(x)
	special := strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__") &&
		strings.Contains(hidden, " "+strings.Trim(name, "_")+" ")
	if special || unsafe[kind+"."+name] {
		return &value.Undefined{Unsafe: true, Msg: "access to attribute '" + name + "' of '" + kind + "' object is unsafe."}, true
	}
	if o, ok := x.(value.Object); ok {
		v, ok := o.Attr(r, name)
		return v, ok
	}
	switch x := x.(type) {
	case text.Text:
		if m, ok := stringMethods[name]; ok && (x.Safe() || name != "unescape" && name != "striptags") {
			return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value { return m(r, x, a) }}, true
		}
	case value.Bytes:
		return bytesAttr(x, name)
	case *value.List:
		if m, ok := listMethods[name]; ok {
			return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value { return m(r, x, a) }}, true
		}
	case *value.Dict:
		if m, ok := dictMethods[name]; ok {
			return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value { return m(r, x, a) }}, true
		}
	case *value.Tuple:
		return tupleAttr(x, name)
	case *value.View:
		if name == "isdisjoint" && x.What != "values" {
			return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value {
				return r.Disjoint(x, a.Plain(name, 1, 1)[0])
			}}, true
		}
	case *value.Namespace:
		v, ok := x.Attrs.Lookup(name)
		if ok && strings.HasPrefix(name, "_") {
			return &value.Undefined{Unsafe: true, Msg: "access to attribute '" + name + "' is unsafe."}, true
		}
		return v, ok
	case *value.Range:
		switch name {
		case "start":
			return x.Start, true
		case "stop":
			return x.Stop, true
		case "step":
			return x.Step, true
		case "count", "index":
			return tupleAttr(&value.Tuple{Items: r.Items(x)}, name)
		}
	case bool, int64, *big.Int:
		return intAttr(x, name)
	case float64:
		return floatAttr(x, name)
	}
	return nil, false
}

// method returns a method that takes no arguments.
func method(name string, f func() value.Value) (value.Value, bool) {
	return &value.Func{Name: name, Fn: func(_ *value.Run, a *value.Args) value.Value {
		a.Plain(name, 0, 0)
		return f()
	}}, true
}

func tupleAttr(x *value.Tuple, name string) (value.Value, bool) {
	switch {
	case name == "count" || name == "index":
		m := listMethods[name]
		l := &value.List{Items: x.Items}
		return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value { return m(r, l, a) }}, true
	case x.Group && name == "grouper":
		return x.Items[0], true
	case x.Group && name == "list":
		return x.Items[1], true
	}
	return nil, false
}

func intAttr(x value.Value, name string) (value.Value, bool) {
	n, _ := value.Big(x)
	switch name {
	case "real", "numerator":
		return value.Norm(n), true
	case "imag":
		return int64(0), true
	case "denominator":
		return int64(1), true
	case "conjugate":
		return method(name, func() value.Value { return value.Norm(n) })
	case "bit_length":
		return method(name, func() value.Value { return int64(n.BitLen()) })
	case "bit_count":
		return method(name, func() value.Value {
			return int64(strings.Count(new(big.Int).Abs(n).Text(2), "1"))
		})
	case "as_integer_ratio":
		return method(name, func() value.Value { return &value.Tuple{Items: []value.Value{value.Norm(n), int64(1)}} })
	case "to_bytes":
		return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value { return toBytes(r, n, a) }}, true
	}
	return nil, false
}

// toBytes returns the bytes of a number. The bytes could spell any text, so they count as data.
func toBytes(r *value.Run, n *big.Int, a *value.Args) value.Value {
	v := a.Bind("to_bytes", "length", "byteorder", "signed")
	length := value.Int(value.Or(v[0], int64(1)))
	order, _ := value.Or(v[1], value.Str("big")).(text.Text)
	signed := value.Truth(value.Or(v[2], false))
	if length < 0 || order.String() != "big" && order.String() != "little" {
		value.ValueError("to_bytes: length must be non-negative and byteorder 'little' or 'big'")
	}
	r.Charge(length)
	bits := n.BitLen()
	m := n
	if n.Sign() < 0 {
		if !signed {
			value.Fail("OverflowError", "can't convert negative int to unsigned")
		}
		m = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(min(length, 1<<20)*8)))
		bits = new(big.Int).Not(n).BitLen()
	}
	if signed {
		bits++
	}
	if bits > 8*length || m.Sign() < 0 {
		value.Fail("OverflowError", "int too big to convert")
	}
	b := m.FillBytes(make([]byte, length))
	if order.String() == "little" {
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return value.Bytes{Text: text.From(string(b), text.Unknown)}
}

func floatAttr(x float64, name string) (value.Value, bool) {
	switch name {
	case "real":
		return x, true
	case "imag":
		return 0.0, true
	case "conjugate":
		return method(name, func() value.Value { return x })
	case "is_integer":
		return method(name, func() value.Value { return x == math.Trunc(x) && !math.IsInf(x, 0) })
	case "as_integer_ratio":
		return method(name, func() value.Value {
			if math.IsInf(x, 0) || math.IsNaN(x) {
				value.Fail("OverflowError", "cannot convert Infinity or NaN to integer ratio")
			}
			q := new(big.Rat).SetFloat64(x)
			return &value.Tuple{Items: []value.Value{value.Norm(new(big.Int).Set(q.Num())), value.Norm(new(big.Int).Set(q.Denom()))}}
		})
	case "hex":
		return method(name, func() value.Value { return text.From(floatHex(x), text.Unknown) })
	}
	return nil, false
}

func bytesAttr(x value.Bytes, name string) (value.Value, bool) {
	switch name {
	case "decode":
		return &value.Func{Name: name, Fn: func(_ *value.Run, a *value.Args) value.Value { return decode(x, a) }}, true
	case "hex":
		return method(name, func() value.Value {
			const digits = "0123456789abcdef"
			var b strings.Builder
			for _, c := range []byte(x.Text.String()) {
				b.WriteByte(digits[c>>4])
				b.WriteByte(digits[c&15])
			}
			return text.Tainted(b.String(), x.Text)
		})
	}
	return nil, false
}
