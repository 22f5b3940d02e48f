package builtin

import (
	"math/big"
	"strings"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// formatter is the state of a call of str.format.
type formatter struct {
	r      *value.Run
	args   *value.Args
	auto   int // index of the argument for the next {}
	manual bool
	html   bool
}

// Format is Python's str.format.
func Format(r *value.Run, t text.Text, a *value.Args) value.Value {
	f := &formatter{r: r, args: a, html: t.Safe()}
	return f.format(t, 2).AsSafe(t.Safe())
}

// format replaces the fields in a text. depth bounds the nesting: the specification of
// a field may contain fields, but the specifications of these inner fields may not.
func (f *formatter) format(t text.Text, depth int) text.Text {
	if depth < 0 {
		value.ValueError("Max string recursion exceeded")
	}
	var b text.Builder
	add := func(t text.Text) {
		f.r.Charge(t.Len())
		b.Add(t)
	}
	s := t.String()
	for i := 0; i < len(s); {
		at := strings.IndexAny(s[i:], "{}")
		if at < 0 {
			add(t.Cut(i, len(s)))
			break
		}
		add(t.Cut(i, i+at))
		i += at
		if i+1 < len(s) && s[i+1] == s[i] {
			add(t.Cut(i, i+1))
			i += 2
			continue
		}
		if s[i] == '}' {
			value.ValueError("Single '}' encountered in format string")
		}
		end := closing(s, i)
		add(f.field(t.Cut(i+1, end), depth))
		i = end + 1
	}
	return b.Text()
}

// closing returns the position of the brace that closes the field at i.
func closing(s string, i int) int {
	depth, bracket := 0, false
	for j := i; j < len(s); j++ {
		switch c := s[j]; {
		case bracket:
			bracket = c != ']'
		case c == '[' && depth == 1:
			bracket = true
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return j
			}
		}
	}
	if i+1 == len(s) {
		value.ValueError("Single '{' encountered in format string")
	}
	value.ValueError("expected '}' before end of string")
	return 0
}

// field returns the text for a field: name!conversion:specification.
func (f *formatter) field(t text.Text, depth int) text.Text {
	s := t.String()
	end, bracket := len(s), false
	for i := range len(s) {
		if s[i] == '[' {
			bracket = true
		} else if s[i] == ']' {
			bracket = false
		} else if !bracket && (s[i] == '!' || s[i] == ':') {
			end = i
			break
		}
	}
	v := f.value(t.Cut(0, end))
	rest := t.Cut(end, len(s))
	if strings.HasPrefix(rest.String(), "!") {
		conversion := rest.String()
		if len(conversion) < 2 || len(conversion) > 2 && conversion[2] != ':' {
			value.ValueError("expected ':' after conversion specifier")
		}
		switch conversion[1] {
		case 's':
			v = f.r.Text(v)
		case 'r':
			v = f.r.Repr(v)
		case 'a':
			v = ascii(f.r.Repr(v))
		default:
			value.ValueError("Unknown conversion specifier %q", conversion[1])
		}
		rest = rest.Cut(2, rest.Len())
	}
	if rest.Len() > 0 {
		rest = rest.Cut(1, rest.Len())
	}
	result := formatValue(f.r, v, f.format(rest, depth-1))
	if original, ok := v.(text.Text); f.html && !(ok && original.Safe()) {
		result = escaped(f.r, result)
	}
	return result
}

// value returns the value of a field's name: 0.name[key].
func (f *formatter) value(name text.Text) value.Value {
	s := name.String()
	end := strings.IndexAny(s, ".[")
	if end < 0 {
		end = len(s)
	}
	v := f.first(s[:end])
	for end < len(s) {
		if s[end] == '.' {
			next := strings.IndexAny(s[end+1:], ".[")
			if next < 0 {
				next = len(s) - end - 1
			}
			if next == 0 {
				value.ValueError("Empty attribute in format string")
			}
			v = Getattr(f.r, v, s[end+1:end+1+next])
			end += 1 + next
			continue
		}
		close := strings.IndexByte(s[end:], ']')
		if s[end] != '[' || close < 0 {
			value.ValueError("Missing ']' in format string")
		}
		key := name.Cut(end+1, end+close)
		if key.Len() == 0 {
			value.ValueError("Empty attribute in format string")
		}
		end += close + 1
		if key.Each(text.IsDecimal) {
			n, _ := value.ParseInt(key.String(), 10)
			v = Getitem(f.r, v, n)
		} else {
			v = Getitem(f.r, v, key)
		}
	}
	return v
}

func (f *formatter) first(name string) value.Value {
	index := -1
	switch {
	case name == "":
		if f.manual {
			value.ValueError("cannot switch from manual field specification to automatic field numbering")
		}
		index = f.auto
		f.auto++
	case text.New(name).Each(text.IsDecimal):
		n, _ := value.ParseInt(name, 10)
		if f.auto > 0 {
			value.ValueError("cannot switch from manual field specification to automatic field numbering")
		}
		f.manual = true
		index = value.Int(n)
	}
	if index >= 0 {
		if index >= len(f.args.Pos) {
			value.Fail("IndexError", "Replacement index %d out of range for positional args tuple", index)
		}
		return f.args.Pos[index]
	}
	for i, n := range f.args.Names {
		if n == name {
			return f.args.Named[i]
		}
	}
	value.Fail("KeyError", "'%s'", name)
	return nil
}

// formatValue is Python's format(v, by).
func formatValue(r *value.Run, v value.Value, by text.Text) text.Text {
	if by.Len() == 0 {
		return r.Text(v)
	}
	kind := value.TypeName(v)
	switch v.(type) {
	case text.Text, bool, int64, *big.Int, float64:
	default:
		value.TypeError("unsupported format string passed to %s.__format__", kind)
	}
	s := parseSpec(by, kind)
	if t, ok := v.(text.Text); ok {
		if s.kind != 0 && s.kind != 's' {
			value.ValueError("Unknown format code '%c' for object of type 'str'", s.kind)
		}
		if s.sign != 0 || s.alternate || s.grouping != 0 || s.align == '=' || s.noNegZero {
			value.ValueError("Sign, '#', '=', ',' and '_' are not allowed in string format specifier")
		}
		return s.text(r, t)
	}
	f, isFloat := v.(float64)
	if !isFloat && s.kind != 0 && strings.IndexByte("eEfFgG%", s.kind) >= 0 {
		f, _ = value.Float(v)
		isFloat = true
	}
	if s.grouping != 0 && (s.kind == 'n' || s.kind == 'c') {
		value.ValueError("Cannot specify '%c' with '%c'.", s.grouping, s.kind)
	}
	if isFloat {
		if s.kind != 0 && strings.IndexByte("eEfFgGn%", s.kind) < 0 {
			value.ValueError("Unknown format code '%c' for object of type '%s'", s.kind, kind)
		}
		if s.kind != 0 && s.precision < 0 {
			s.precision = 6
		}
		return s.float(r, f)
	}
	n, _ := value.Big(v)
	switch {
	case s.precision >= 0:
		value.ValueError("Precision not allowed in integer format specifier")
	case s.noNegZero:
		value.ValueError("Negative zero coercion (z) not allowed in integer format specifier")
	case s.kind == 'c' && (s.sign != 0 || s.alternate):
		value.ValueError("Sign and alternate form (#) are not allowed with integer format specifier 'c'")
	case s.kind == 'c':
		return s.text(r, character(v))
	case s.kind != 0 && strings.IndexByte("bdoxXn", s.kind) < 0:
		value.ValueError("Unknown format code '%c' for object of type 'int'", s.kind)
	case s.grouping == ',' && s.kind != 0 && strings.IndexByte("boxXn", s.kind) >= 0:
		value.ValueError("Cannot specify ',' with '%c'.", s.kind)
	}
	return s.integer(r, n, 0)
}
