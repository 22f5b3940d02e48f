package builtin

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// Filter is a filter of Jinja: v is the value before the bar.
type Filter func(r *value.Run, v value.Value, a *value.Args) value.Value

// Filters has the filters by name.
var Filters map[string]Filter

func init() {
	Filters = map[string]Filter{
		"abs": abs, "attr": attr, "batch": batch, "capitalize": method0("capitalize"), "center": center,
		"count": length, "d": defaulted, "default": defaulted, "dictsort": dictSort, "e": escape, "escape": escape,
		"filesizeformat": fileSize, "first": first, "float": toFloat, "forceescape": forceEscape,
		"format": format, "groupby": groupBy, "indent": indent, "int": toInt, "items": items, "join": joinFilter,
		"last": last, "length": length, "list": list, "lower": method0("lower"), "map": mapFilter,
		"max": extreme("max"), "min": extreme("min"), "pprint": pprint, "random": random,
		"reject": selected(false, false), "rejectattr": selected(false, true),
		"replace": replaceFilter, "reverse": reverse, "round": round, "safe": safe,
		"select": selected(true, false), "selectattr": selected(true, true), "slice": slice, "sort": sortFilter,
		"string": toString, "striptags": stripTagsFilter, "sum": sum, "title": title, "tojson": toJSON, "trim": trim,
		"truncate": truncate, "unique": unique, "upper": method0("upper"), "urlencode": urlEncode, "urlize": urlize,
		"wordcount": wordCount, "wordwrap": wordWrap, "xmlattr": xmlAttr,
	}
}

// method0 returns a filter that calls a method of str without arguments.
func method0(name string) Filter {
	return func(r *value.Run, v value.Value, a *value.Args) value.Value {
		a.Bind(name)
		return stringMethods[name](r, r.Text(v), &value.Args{})
	}
}

func abs(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("abs")
	if f, ok := v.(float64); ok {
		return math.Abs(f)
	}
	n, ok := value.Big(v)
	if !ok {
		value.TypeError("bad operand type for abs(): '%s'", value.TypeName(v))
	}
	return value.Norm(new(big.Int).Abs(n))
}

func center(r *value.Run, v value.Value, a *value.Args) value.Value {
	width := value.Or(a.Bind("center", "width")[0], int64(80))
	return stringMethods["center"](r, r.Text(v), &value.Args{Pos: []value.Value{width}})
}

func defaulted(_ *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("default", "default_value", "boolean")
	_, undefined := v.(*value.Undefined)
	if undefined || value.Truth(value.Or(args[1], false)) && !value.Truth(v) {
		return value.Or(args[0], value.Str(""))
	}
	return v
}

func escape(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("escape")
	return escaped(r, r.Text(v))
}

func forceEscape(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("forceescape")
	return escaped(r, r.Text(v).AsSafe(false))
}

func safe(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("safe")
	return r.Text(v).AsSafe(true)
}

func toString(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("string")
	return r.Text(v)
}

func fileSize(r *value.Run, v value.Value, a *value.Args) value.Value {
	binary := value.Truth(value.Or(a.Bind("filesizeformat", "binary")[0], false))
	size, ok := number(v)
	if !ok {
		value.ValueError("could not convert to float: %s", shown(r, v))
	}
	base, unit, plural := 1000.0, "kB MB GB TB PB EB ZB YB", ""
	if binary {
		base, unit = 1024, "KiB MiB GiB TiB PiB EiB ZiB YiB"
	}
	switch {
	case size == 1:
		plural = "1 Byte"
	case size < base:
		plural = strconv.Itoa(int(size)) + " Bytes"
	default:
		for i, name := range strings.Fields(unit) {
			if next := math.Pow(base, float64(i+2)); size < next || i == 7 {
				plural = strconv.FormatFloat(base*size/next, 'f', 1, 64) + " " + name
				break
			}
		}
	}
	if t, ok := v.(text.Text); ok {
		return text.Tainted(plural, t)
	}
	return r.Digits(plural)
}

// number is Python's float(v). It returns false if v is neither a number nor a string that Python
// reads as a number. If v is undefined, the rendering ends.
func number(v value.Value) (float64, bool) {
	switch v := v.(type) {
	case text.Text:
		return value.ParseFloat(v.String())
	case *value.Undefined:
		v.Fail()
	}
	return value.Float(v)
}

func toFloat(r *value.Run, v value.Value, a *value.Args) value.Value {
	r.Scan(v)
	if t, ok := v.(text.Text); ok {
		r.ReadNumber(t)
	}
	other := value.Or(a.Bind("float", "default")[0], 0.0)
	if f, ok := number(v); ok {
		return f
	}
	return other
}

func toInt(r *value.Run, v value.Value, a *value.Args) value.Value {
	r.Scan(v)
	args := a.Bind("int", "default", "base")
	other, base := value.Or(args[0], int64(0)), value.Int(value.Or(args[1], int64(10)))
	t, isText := v.(text.Text)
	if isText {
		r.ReadNumber(t)
		if base < 0 || base == 1 || base > 36 {
			return intOf(t, other) // Python's int() refuses the base
		}
		if n, ok := value.ParseInt(t.String(), base); ok {
			return n
		}
		return intOf(t, other)
	}
	if f, ok := v.(float64); ok && math.IsInf(f, 0) { // Python's int() raises OverflowError, which the filter does not catch
		value.Fail("OverflowError", "cannot convert float infinity to integer")
	}
	if n, ok := value.Big(v); ok {
		return value.Norm(n)
	}
	return intOf(v, other)
}

// intOf returns the integer part of a finite number, or of a finite
// number in a text. If v has no such number, intOf returns other.
func intOf(v, other value.Value) value.Value {
	f, ok := number(v)
	if !ok || math.IsInf(f, 0) || math.IsNaN(f) {
		return other
	}
	n, _ := big.NewFloat(f).Int(nil)
	return value.Norm(n)
}

func format(r *value.Run, v value.Value, a *value.Args) value.Value {
	if len(a.Pos) > 0 && len(a.Names) > 0 {
		value.Fail("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
	}
	if len(a.Names) == 0 {
		return Percent(r, r.Text(v), &value.Tuple{Items: a.Pos})
	}
	d := value.NewDict()
	for i := range a.Names {
		d.Set(a.Name(i), a.Named[i])
	}
	return Percent(r, r.Text(v), d)
}

func length(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("length")
	r.Scan(v)
	n, ok := value.Length(v)
	if !ok {
		value.TypeError("object of type '%s' has no len()", value.TypeName(v))
	}
	return int64(n)
}

func pprint(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("pprint")
	return pretty(r, v)
}

// random always returns the first item. A conversation must give the same prompt each time, so
// that cached tokens can be reused.
func random(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("random")
	n, ok := value.Length(v)
	switch {
	case !ok:
		value.TypeError("object of type '%s' has no len()", value.TypeName(v))
	case n == 0:
		return &value.Undefined{Msg: "No random item, sequence was empty."}
	}
	return Getitem(r, v, int64(0))
}

func replaceFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("replace", "old!", "new!", "count")
	limit := -1
	if args[2] != value.Missing && args[2] != nil {
		limit = value.Int(args[2])
	}
	s, old, now := r.Text(v), r.Text(args[0]), r.Text(args[1])
	if !r.Escape {
		return replaced(r, s.AsSafe(false), old, now, limit)
	}
	if old.Safe() || now.Safe() && !s.Safe() {
		s = escaped(r, s)
	}
	return replaced(r, s, old, now, limit)
}

func title(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("title")
	t := r.Text(v)
	r.Product(3, t.Len())
	var b text.Builder
	word := func(w text.Text) {
		if w.Len() > 0 {
			b.Add(w.Slice(0, 1).Upper())
			b.Add(w.Slice(1, math.MaxInt).Lower())
		}
	}
	between := func(c rune) bool { return strings.ContainsRune("-({[<", c) || text.IsSpace(c) }
	for t.Len() > 0 {
		at := strings.IndexFunc(t.String(), between)
		if at < 0 {
			word(t)
			break
		}
		word(t.Cut(0, at))
		t = t.Cut(at, t.Len())
		rest := t.Strip(text.Left, between)
		b.Add(t.Cut(0, t.Len()-rest.Len()))
		t = rest
	}
	return b.Text()
}

func trim(r *value.Run, v value.Value, a *value.Args) value.Value {
	return stripped(r, r.Text(v), text.Both, a.Bind("trim", "chars")[0])
}

func wordCount(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("wordcount")
	n, inWord := int64(0), false
	t := r.Text(v)
	r.Scan(t)
	for _, c := range t.String() {
		is := c == '_' || text.IsAlnum(c)
		if is && !inWord {
			n++
		}
		inWord = is
	}
	return n
}

func printable(r rune) bool { return unicode.IsPrint(r) }
