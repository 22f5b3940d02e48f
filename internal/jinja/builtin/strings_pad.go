package builtin

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

func expandtabs(r *value.Run, t text.Text, a *value.Args) value.Value {
	size := value.Int(value.Or(a.Bind("expandtabs", "tabsize")[0], int64(8)))
	r.Charge(t.Len())
	r.Product(strings.Count(t.String(), "\t"), max(0, size))
	return t.ExpandTabs(size)
}

func zfill(r *value.Run, t text.Text, a *value.Args) value.Value {
	r.Scan(t)
	n := value.Int(a.Plain("zfill", 1, 1)[0]) - t.Runes()
	if n <= 0 {
		return t
	}
	r.Charge(n + t.Len())
	sign := 0
	if s := t.String(); s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	return text.Concat(t.Cut(0, sign), text.New("0").Repeat(n), t.Cut(sign, t.Len()))
}

// pad puts left copies of fill before a text, and right copies after it.
func pad(r *value.Run, t text.Text, left, right int, fill text.Text) text.Text {
	r.Scan(t)
	r.Product(left+right, fill.Size())
	return text.Concat(fill.Repeat(left), t, fill.Repeat(right)).AsSafe(t.Safe())
}

func justify(left, right int) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		v := a.Plain("center", 1, 2)
		fill := str(value.Or(v[1], value.Str(" ")))
		if fill.Runes() != 1 {
			value.TypeError("The fill character must be exactly one character long")
		}
		width := value.Int(v[0])
		r.Scan(t)
		n := width - t.Runes()
		switch {
		case n <= 0:
			return t
		case left == 0:
			return pad(r, t, 0, n, fill)
		case right == 0:
			return pad(r, t, n, 0, fill)
		}
		l := n/2 + n&width&1
		return pad(r, t, l, n-l, fill)
	}
}

func encode(r *value.Run, t text.Text, a *value.Args) value.Value {
	v := a.Bind("encode", "encoding", "errors")
	name := strings.ReplaceAll(strings.ToLower(str(value.Or(v[0], value.Str("utf-8"))).String()), "_", "-")
	r.Charge(t.Len())
	r.ReadNumber(t) // a template can read the bytes as numbers
	switch name {
	case "utf-8", "utf8", "u8":
	case "ascii", "us-ascii":
		if strings.ContainsFunc(t.String(), func(r rune) bool { return r >= utf8.RuneSelf }) {
			value.Fail("UnicodeEncodeError", "'ascii' codec can't encode a character")
		}
	default:
		value.Fail("LookupError", "unknown encoding: %s", name)
	}
	return value.Bytes{Text: t.AsSafe(false)}
}

func decode(x value.Bytes, a *value.Args) value.Value {
	a.Bind("decode", "encoding", "errors")
	if !utf8.ValidString(x.Text.String()) {
		value.Fail("UnicodeDecodeError", "'utf-8' codec can't decode the bytes")
	}
	return x.Text
}

func translate(r *value.Run, t text.Text, a *value.Args) value.Value {
	table, ok := a.Plain("translate", 1, 1)[0].(*value.Dict)
	if !ok {
		value.TypeError("translate needs a mapping")
	}
	var b text.Builder
	for _, c := range t.Chars() {
		code, _ := utf8.DecodeRuneInString(c.String())
		v, ok := table.Get(int64(code))
		switch v := v.(type) {
		case text.Text:
			r.Charge(v.Len())
			b.Add(v)
		case int64:
			b.AddString(string(rune(v)), text.Unknown)
		case nil:
			if !ok {
				b.Add(c)
			}
		default:
			value.TypeError("character mapping must return integer, None or str")
		}
	}
	return b.Text()
}

func formatMap(r *value.Run, t text.Text, a *value.Args) value.Value {
	d, ok := a.Plain("format_map", 1, 1)[0].(*value.Dict)
	if !ok {
		value.TypeError("format_map needs a mapping")
	}
	named := &value.Args{}
	for i := range d.Len() {
		k, v := d.At(i)
		if name, ok := k.(text.Text); ok {
			named.Names, named.Named = append(named.Names, name.String()), append(named.Named, v)
		}
	}
	return Format(r, t, named)
}

// tainted returns a method that cannot tell where each byte of its result comes from.
func tainted(f func(string) string) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		a.Plain("the method", 0, 0)
		r.Charge(t.Len())
		return text.Tainted(f(t.String()), t)
	}
}

// floatHex is float.hex.
func floatHex(x float64) string {
	switch {
	case math.IsInf(x, 0), math.IsNaN(x):
		return value.FormatFloat(x)
	case x == 0:
		return strings.Repeat("-", int(math.Float64bits(x)>>63)) + "0x0.0p+0"
	}
	s := fmt.Sprintf("%x", x) // 0x1.8p+01
	mantissa, exponent, _ := strings.Cut(s, "p")
	head, digits, _ := strings.Cut(mantissa, ".")
	digits += strings.Repeat("0", 13-len(digits))
	var e int
	fmt.Sscan(exponent, &e)
	return fmt.Sprintf("%s.%sp%+d", head, digits, e)
}
