package builtin

import (
	"html"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

type stringMethod func(r *value.Run, t text.Text, a *value.Args) value.Value

// stringMethods has the methods of str by name.
var stringMethods map[string]stringMethod

func init() {
	stringMethods = map[string]stringMethod{
		"capitalize": mapped(text.Text.Capitalize), "casefold": mapped(text.Text.Casefold),
		"lower": mapped(text.Text.Lower), "upper": mapped(text.Text.Upper),
		"swapcase": mapped(text.Text.Swapcase), "title": mapped(text.Text.Title),
		"isalnum": asked(text.IsAlnum), "isalpha": asked(text.IsAlpha), "isdecimal": asked(text.IsDecimal),
		"isdigit": asked(text.IsDigit), "isnumeric": asked(text.IsNumeric), "isspace": asked(text.IsSpace),
		"isascii": said(func(t text.Text) bool {
			return !strings.ContainsFunc(t.String(), func(r rune) bool { return r >= utf8.RuneSelf })
		}),
		"islower":      said(func(t text.Text) bool { return t.OneCase(false) }),
		"isupper":      said(func(t text.Text) bool { return t.OneCase(true) }),
		"istitle":      said(text.Text.IsTitle),
		"isprintable":  said(func(t text.Text) bool { return t.Len() == 0 || t.Each(printable) }),
		"isidentifier": said(isIdentifier),
		"strip":        strip(text.Both), "lstrip": strip(text.Left), "rstrip": strip(text.Right),
		"split": split(false), "rsplit": split(true), "splitlines": splitlines,
		"partition": partition(false), "rpartition": partition(true),
		"find": find(false, false), "rfind": find(true, false), "index": find(false, true), "rindex": find(true, true),
		"count": count, "startswith": affix(strings.HasPrefix), "endswith": affix(strings.HasSuffix),
		"removeprefix": remove(strings.HasPrefix, false), "removesuffix": remove(strings.HasSuffix, true),
		"replace": replace, "join": join, "expandtabs": expandtabs, "zfill": zfill,
		"ljust": justify(0, 1), "rjust": justify(1, 0), "center": justify(1, 1),
		"encode": encode, "translate": translate,
		"format":     func(r *value.Run, t text.Text, a *value.Args) value.Value { return Format(r, t, a) },
		"format_map": formatMap,
		"unescape":   tainted(html.UnescapeString), "striptags": tainted(stripTags),
	}
}

func mapped(f func(text.Text) text.Text) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		a.Plain("the method", 0, 0)
		r.Product(3, t.Len())
		return f(t)
	}
}

func said(f func(text.Text) bool) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		a.Plain("the method", 0, 0)
		r.Scan(t)
		return f(t)
	}
}

func asked(f func(rune) bool) stringMethod {
	return said(func(t text.Text) bool { return t.Each(f) })
}

func isIdentifier(t text.Text) bool {
	for i, r := range t.String() {
		if !(r == '_' || text.IsAlpha(r) || unicode.Is(unicode.Nl, r) || i > 0 && text.IsDecimal(r)) {
			return false
		}
	}
	return t.Len() > 0
}

// str returns v as a text. It fails if v is not a string.
func str(v value.Value) text.Text {
	t, ok := v.(text.Text)
	if !ok {
		if u, ok := v.(*value.Undefined); ok {
			value.TypeError("must be str, not Undefined (%s)", u.Msg)
		}
		value.TypeError("must be str, not %s", value.TypeName(v))
	}
	return t
}

// in returns a function that reports whether a character is one of chars.
func in(r *value.Run, chars text.Text) func(rune) bool {
	r.Product(chars.Len(), 16)
	set := map[rune]bool{}
	for _, c := range chars.String() {
		set[c] = true
	}
	return func(c rune) bool { return set[c] }
}

// stripped strips chars, or white space if chars is None or Missing.
func stripped(r *value.Run, t text.Text, sides int, chars value.Value) text.Text {
	r.Charge(t.Len())
	if chars == value.Missing || chars == nil {
		return t.Strip(sides, text.IsSpace)
	}
	return t.Strip(sides, in(r, str(chars)))
}

func strip(sides int) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		return stripped(r, t, sides, a.Plain("strip", 0, 1)[0])
	}
}

func split(last bool) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		v := a.Bind("split", "sep", "maxsplit")
		limit := value.Int(value.Or(v[1], int64(-1)))
		r.Charge(t.Len())
		var parts []text.Text
		if v[0] == value.Missing || v[0] == nil {
			r.Product(t.Len()/2+1, 80)
			parts = t.Fields(limit, last)
		} else {
			sep := str(v[0])
			if sep.Len() == 0 {
				value.ValueError("empty separator")
			}
			r.Product(strings.Count(t.String(), sep.String())+1, 80)
			parts = t.Split(sep.String(), limit, last)
		}
		r.Steps(len(parts))
		return value.NewList(parts)
	}
}

func splitlines(r *value.Run, t text.Text, a *value.Args) value.Value {
	keep := value.Truth(value.Or(a.Bind("splitlines", "keepends")[0], false))
	lines := 1
	for _, c := range []byte(t.String()) {
		if c < ' ' || c == 0xc2 || c == 0xe2 { // this byte may be a line end or begin one
			lines++
		}
	}
	r.Scan(t)
	r.Product(lines, 80)
	return value.NewList(t.Lines(keep))
}

func partition(last bool) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		sep := str(a.Plain("partition", 1, 1)[0])
		if sep.Len() == 0 {
			value.ValueError("empty separator")
		}
		r.Charge(t.Len())
		s := t.String()
		at := strings.Index(s, sep.String())
		if last {
			at = strings.LastIndex(s, sep.String())
		}
		none := text.Text{}.AsSafe(t.Safe())
		sep = sep.AsSafe(t.Safe())
		parts := []value.Value{t, none, none}
		switch {
		case at >= 0:
			parts = []value.Value{t.Cut(0, at), sep, t.Cut(at+sep.Len(), len(s))}
		case last:
			parts = []value.Value{none, none, t}
		}
		return &value.Tuple{Items: parts}
	}
}

// bounds returns the arguments start and end of a search.
func bounds(v []value.Value) (start, end int) {
	end = math.MaxInt
	if v[0] != value.Missing && v[0] != nil {
		start = value.Int(v[0])
	}
	if v[1] != value.Missing && v[1] != nil {
		end = value.Int(v[1])
	}
	return start, end
}

func find(last, must bool) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		v := a.Plain("find", 1, 3)
		start, end := bounds(v[1:])
		r.Scan(t)
		at := t.Find(str(v[0]).String(), start, end, last)
		if at < 0 && must {
			value.ValueError("substring not found")
		}
		return int64(at)
	}
}

func count(r *value.Run, t text.Text, a *value.Args) value.Value {
	v := a.Plain("count", 1, 3)
	start, end := bounds(v[1:])
	r.Scan(t)
	return int64(t.Count(str(v[0]).String(), start, end))
}

func affix(has func(s, part string) bool) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		r.Scan(t)
		v := a.Plain("startswith", 1, 3)
		start, end := bounds(v[1:])
		n := t.Runes()
		low, high := text.Bounds(start, end, n)
		s := t.Slice(start, end).String()
		fits := func(part text.Text) bool {
			r.Steps(1)
			r.Scan(part)
			return start <= n && low <= high && has(s, part.String())
		}
		if list, ok := v[0].(*value.Tuple); ok {
			for _, item := range list.Items {
				if fits(str(item)) {
					return true
				}
			}
			return false
		}
		return fits(str(v[0]))
	}
}

func remove(has func(s, part string) bool, end bool) stringMethod {
	return func(r *value.Run, t text.Text, a *value.Args) value.Value {
		part := str(a.Plain("removeprefix", 1, 1)[0])
		r.Scan(part)
		r.Scan(t)
		switch {
		case !has(t.String(), part.String()):
			return t
		case end:
			return t.Cut(0, t.Len()-part.Len())
		}
		return t.Cut(part.Len(), t.Len())
	}
}

func replace(r *value.Run, t text.Text, a *value.Args) value.Value {
	v := a.Plain("replace", 2, 3)
	return replaced(r, t, str(v[0]), str(v[1]), value.Int(value.Or(v[2], int64(-1))))
}

func replaced(r *value.Run, t, old, now text.Text, limit int) text.Text {
	if t.Safe() {
		now = escaped(r, now)
	}
	r.Scan(t)
	r.Charge(t.Replaced(old, now, limit))
	return t.Replace(old, now, limit)
}

func escaped(r *value.Run, t text.Text) text.Text {
	r.Product(5, t.Len())
	return t.Escaped()
}

func join(r *value.Run, t text.Text, a *value.Args) value.Value {
	items := r.Items(a.Plain("join", 1, 1)[0])
	parts := make([]text.Text, len(items))
	for i, item := range items {
		part, ok := item.(text.Text)
		switch {
		case t.Safe():
			parts[i] = escaped(r, r.Text(item))
		case !ok:
			value.TypeError("sequence item %d: expected str instance, %s found", i, value.TypeName(item))
		default:
			parts[i] = part
		}
	}
	return joined(r, t, parts).AsSafe(t.Safe())
}

func joined(r *value.Run, sep text.Text, parts []text.Text) text.Text {
	r.Product(len(parts), sep.Size())
	size := 0
	for _, p := range parts {
		size += p.Size()
	}
	r.Charge(size)
	return text.Join(sep, parts)
}
