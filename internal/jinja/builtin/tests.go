package builtin

import (
	"math/big"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// Test is a test of Jinja: v is the value before "is".
type Test func(r *value.Run, v value.Value, a *value.Args) bool

// Tests has the tests by name.
var Tests map[string]Test

func init() {
	Tests = map[string]Test{
		"odd":  func(r *value.Run, v value.Value, a *value.Args) bool { return rest(r, v, int64(2), a, 1) },
		"even": func(r *value.Run, v value.Value, a *value.Args) bool { return rest(r, v, int64(2), a, 0) },
		"divisibleby": func(r *value.Run, v value.Value, a *value.Args) bool {
			num := a.Bind("divisibleby", "num!")[0]
			return rest(r, v, num, &value.Args{}, 0)
		},
		"filter":  named(func(name any) bool { _, ok := Filters[name.(string)]; return ok }),
		"test":    named(func(name any) bool { _, ok := Tests[name.(string)]; return ok }),
		"defined": func(_ *value.Run, v value.Value, a *value.Args) bool { return !isUndefined(v, a) },
		"undefined": func(_ *value.Run, v value.Value, a *value.Args) bool {
			return isUndefined(v, a)
		},
		"none":    plain(func(_ *value.Run, v value.Value) bool { return v == nil }),
		"boolean": plain(func(_ *value.Run, v value.Value) bool { return value.TypeName(v) == "bool" }),
		"true":    plain(func(_ *value.Run, v value.Value) bool { b, ok := v.(bool); return ok && b }),
		"false":   plain(func(_ *value.Run, v value.Value) bool { b, ok := v.(bool); return ok && !b }),
		"integer": plain(func(_ *value.Run, v value.Value) bool { return value.TypeName(v) == "int" }),
		"float":   plain(func(_ *value.Run, v value.Value) bool { return value.TypeName(v) == "float" }),
		"number": plain(func(_ *value.Run, v value.Value) bool {
			switch v.(type) {
			case bool, int64, float64, *big.Int:
				return true
			}
			return false
		}),
		"string":   plain(func(_ *value.Run, v value.Value) bool { _, ok := v.(text.Text); return ok }),
		"lower":    plain(func(r *value.Run, v value.Value) bool { r.Scan(v); return r.Text(v).OneCase(false) }),
		"upper":    plain(func(r *value.Run, v value.Value) bool { r.Scan(v); return r.Text(v).OneCase(true) }),
		"mapping":  plain(func(_ *value.Run, v value.Value) bool { _, ok := v.(*value.Dict); return ok }),
		"sequence": plain(isSequence),
		"iterable": plain(func(r *value.Run, v value.Value) bool { return r.Iterable(v) }),
		"callable": plain(func(_ *value.Run, v value.Value) bool {
			_, ok := v.(value.Callable)
			_, undefined := v.(*value.Undefined)
			return ok || undefined
		}),
		"escaped": plain(func(_ *value.Run, v value.Value) bool { t, ok := v.(text.Text); return ok && t.Safe() }),
		"sameas": func(_ *value.Run, v value.Value, a *value.Args) bool {
			return same(v, a.Bind("sameas", "other!")[0])
		},
		"in": func(r *value.Run, v value.Value, a *value.Args) bool { return r.Contains(a.Bind("in", "seq!")[0], v) },
	}
	for op, names := range map[string][]string{
		"==": {"==", "eq", "equalto"}, "!=": {"!=", "ne"}, ">": {">", "gt", "greaterthan"}, ">=": {">=", "ge"},
		"<": {"<", "lt", "lessthan"}, "<=": {"<=", "le"},
	} {
		for _, name := range names {
			Tests[name] = func(r *value.Run, v value.Value, a *value.Args) bool {
				return r.Compare(op, v, a.Plain(name, 1, 1)[0])
			}
		}
	}
}

// plain returns a test without arguments.
func plain(f func(r *value.Run, v value.Value) bool) Test {
	return func(r *value.Run, v value.Value, a *value.Args) bool {
		a.Plain("the test", 0, 0)
		return f(r, v)
	}
}

// rest reports whether Python's v % by equals want.
func rest(r *value.Run, v, by value.Value, a *value.Args, want int64) bool {
	a.Plain("the test", 0, 0)
	var m value.Value
	if t, ok := v.(text.Text); ok {
		m = Percent(r, t, by)
	} else {
		m = r.Binary("%", v, by)
	}
	return r.Equal(m, want)
}

func named(has func(name any) bool) Test {
	return plain(func(r *value.Run, v value.Value) bool {
		r.Scan(v)
		if t, ok := v.(text.Text); ok {
			return has(t.String())
		}
		if !value.Hashable(v) {
			value.TypeError("unhashable type: '%s'", value.TypeName(v))
		}
		return false
	})
}

func isUndefined(v value.Value, a *value.Args) bool {
	a.Plain("the test", 0, 0)
	_, ok := v.(*value.Undefined)
	return ok
}

func isSequence(_ *value.Run, v value.Value) bool {
	switch v.(type) {
	case text.Text, value.Bytes, *value.List, *value.Tuple, *value.Dict, *value.Range, *value.Undefined:
		return true
	}
	return false
}

// same is Python's "is". In Python, equal small integers and equal short literals are the same
// object. Here any equal int64 values are the same object, and so are any equal texts.
func same(x, y value.Value) bool {
	switch x := x.(type) {
	case text.Text:
		y, ok := y.(text.Text)
		return ok && x.String() == y.String() && x.Safe() == y.Safe()
	case value.Bytes:
		return false
	case *big.Int:
		y, ok := y.(*big.Int)
		return ok && x == y
	}
	switch y.(type) {
	case text.Text, value.Bytes:
		return false
	}
	return x == y
}
