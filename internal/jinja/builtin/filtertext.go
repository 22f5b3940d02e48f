package builtin

import (
	"fmt"
	"html"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
	"alpaca/internal/lazyregexp"
)

func indent(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("indent", "width", "first", "blank")
	t, ok := v.(text.Text)
	if u, undefined := v.(*value.Undefined); undefined {
		u.Fail()
	}
	if !ok {
		value.TypeError("unsupported operand type(s) for +: '%s' and 'str'", value.TypeName(v))
	}
	by, ok := value.Or(args[0], int64(4)).(text.Text)
	if !ok {
		n := max(0, value.Int(value.Or(args[0], int64(4))))
		r.Charge(n)
		by = text.New(" ").Repeat(n)
	}
	r.Charge(t.Len())
	lines := text.Concat(t, text.New("\n")).Lines(false)
	r.Product(len(lines)+1, by.Len()+1)
	blank := value.Truth(value.Or(args[2], false))
	newline := text.New("\n")
	var b text.Builder
	if value.Truth(value.Or(args[1], false)) {
		b.Add(by)
	}
	for i, line := range lines {
		if i > 0 {
			b.Add(newline)
			if blank || line.Len() > 0 {
				b.Add(by)
			}
		}
		b.Add(line)
	}
	return b.Text().AsSafe(t.Safe())
}

func truncate(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("truncate", "length", "killwords", "end", "leeway")
	end := str(value.Or(args[2], value.Str("...")))
	length := value.Int(value.Or(args[0], int64(255)))
	leeway := 5
	if l := value.Or(args[3], nil); l != nil {
		leeway = value.Int(l)
	}
	if length < end.Runes() || leeway < 0 {
		value.Fail("AssertionError", "expected length >= %d, got %d, and leeway >= 0, got %d", end.Runes(), length, leeway)
	}
	n, ok := value.Length(v)
	if !ok {
		value.TypeError("object of type '%s' has no len()", value.TypeName(v))
	}
	if n <= length+leeway {
		return v
	}
	t := str(v)
	r.Charge(t.Len())
	cut := t.Slice(0, length-end.Runes())
	if !value.Truth(value.Or(args[1], false)) {
		cut = cut.Split(" ", 1, true)[0]
	}
	return r.Add(cut, end)
}

func wordWrap(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("wordwrap", "width", "break_long_words", "wrapstring", "break_on_hyphens")
	width := value.Int(value.Or(args[0], int64(79)))
	sep := text.New("\n")
	if w := value.Or(args[2], nil); w != nil {
		sep = str(w)
	}
	breaks := wrapping{r, width, value.Truth(value.Or(args[1], true)), value.Truth(value.Or(args[3], true))}
	t := str(v)
	if width <= 0 && t.Len() > 0 {
		value.ValueError("invalid width %d (must be > 0)", width)
	}
	r.Product(8, t.Len())
	var lines []text.Text
	for _, line := range t.Lines(false) {
		lines = append(lines, text.Join(sep, breaks.wrap(line)))
	}
	return joined(r, sep, lines)
}

// quoteURL is urllib.parse.quote.
func quoteURL(s string, query bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.-~", c) >= 0, c == '/' && !query:
			b.WriteByte(c)
		case c == ' ' && query:
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func urlEncode(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("urlencode")
	quote := func(v value.Value, query bool) text.Text {
		t := r.Text(v)
		if b, ok := v.(value.Bytes); ok {
			t = b.Text
		}
		r.Product(3, t.Len())
		return text.Tainted(quoteURL(t.String(), query), t)
	}
	if _, ok := v.(text.Text); ok || !r.Iterable(v) {
		return quote(v, false)
	}
	if d, ok := v.(*value.Dict); ok {
		v = &value.View{Of: d, What: "items"}
	}
	var parts []text.Text
	for _, item := range r.Items(v) {
		pair := r.Items(item)
		if len(pair) != 2 {
			value.ValueError("not enough or too many values to unpack (expected 2)")
		}
		parts = append(parts, text.Concat(quote(pair[0], true), text.New("="), quote(pair[1], true)))
	}
	return joined(r, text.New("&"), parts)
}

func xmlAttr(r *value.Run, v value.Value, a *value.Args) value.Value {
	autospace := value.Truth(value.Or(a.Bind("xmlattr", "autospace")[0], true))
	d, ok := v.(*value.Dict)
	if u, undefined := v.(*value.Undefined); undefined {
		u.Fail()
	}
	if !ok {
		value.Fail("AttributeError", "'%s' object has no attribute 'items'", value.TypeName(v))
	}
	var parts []text.Text
	for i := range d.Len() {
		k, item := d.At(i)
		if _, undefined := item.(*value.Undefined); undefined || item == nil {
			continue
		}
		key := str(k)
		if strings.ContainsAny(key.String(), " \t\n\r\v\f/>=") {
			value.ValueError("Invalid character in attribute name: %s", shown(r, key))
		}
		parts = append(parts, text.Concat(escaped(r, key), text.New(`="`), escaped(r, r.Text(item)), text.New(`"`)))
	}
	t := joined(r, text.New(" "), parts)
	if autospace && t.Len() > 0 {
		t = text.Concat(text.New(" "), t)
	}
	return t.AsSafe(r.Escape)
}

var comments = lazyregexp.New(`(?s)<!--.*?-->`)
var tags = lazyregexp.New(`(?s)<.*?>`)

// stripTags removes comments and tags, collapses white space to one space, and replaces HTML's
// character references.
func stripTags(s string) string {
	s = comments().ReplaceAllString(s, "")
	s = tags().ReplaceAllString(s, "")
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, text.IsSpace), " "))
}

func stripTagsFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("striptags")
	t := r.Text(v)
	r.Product(2, t.Len())
	return text.Tainted(stripTags(t.String()), t)
}
