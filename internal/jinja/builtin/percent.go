package builtin

import (
	"math"
	"math/big"
	"strings"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// percenter is the state of one use of the operator % for formatting.
type percenter struct {
	r       *value.Run
	format  text.Text
	pos     int
	args    []value.Value
	used    int
	mapping value.Value // nil: none
	html    bool        // the inserted values are escaped
	out     text.Builder
}

// Percent is Python's operator % with a string on its left.
func Percent(r *value.Run, format text.Text, arg value.Value) value.Value {
	p := &percenter{r: r, format: format, args: []value.Value{arg}, html: format.Safe()}
	switch v := arg.(type) {
	case *value.Tuple:
		p.args = v.Items
	case *value.Dict, *value.List, *value.Undefined, *value.Range, value.Bytes:
		p.mapping = v
	}
	s := format.String()
	for {
		at := strings.IndexByte(s[p.pos:], '%')
		if at < 0 {
			break
		}
		p.add(format.Cut(p.pos, p.pos+at))
		p.pos += at + 1
		p.field()
	}
	p.add(format.Cut(p.pos, len(s)))
	if p.used < len(p.args) && p.mapping == nil {
		value.TypeError("not all arguments converted during string formatting")
	}
	return p.out.Text().AsSafe(p.html)
}

func (p *percenter) add(t text.Text) {
	p.r.Charge(t.Len())
	p.out.Add(t)
}

func (p *percenter) next() value.Value {
	if p.used >= len(p.args) {
		value.TypeError("not enough arguments for format string")
	}
	p.used++
	return p.args[p.used-1]
}

// peek returns the byte at p.pos. At the end of the format, it fails.
func (p *percenter) peek() byte {
	if p.pos >= p.format.Len() {
		value.ValueError("incomplete format")
	}
	return p.format.String()[p.pos]
}

// number reads a width or a precision. For "*", it takes the next argument.
func (p *percenter) number() int {
	if p.peek() == '*' {
		p.pos++
		v := p.next()
		if _, ok := v.(int64); !ok {
			value.TypeError("* wants int")
		}
		return value.Int(v)
	}
	n := 0
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n = n*10 + int(c-'0')
		if n > 1<<27 {
			value.ValueError("width too big")
		}
		p.pos++
	}
	return n
}

// field formats one argument.
func (p *percenter) field() {
	if p.peek() == '%' {
		p.pos++
		p.add(p.format.Cut(p.pos-1, p.pos))
		return
	}
	var v value.Value
	named := false
	if p.peek() == '(' {
		v, named = p.named(), true
	}
	s := spec{precision: -1, align: '>', fill: text.New(" "), sign: '-'}
flags:
	for ; ; p.pos++ {
		switch c := p.peek(); c {
		case '-':
			s.left = true
		case '+':
			s.sign = '+'
		case ' ':
			if s.sign != '+' {
				s.sign = ' '
			}
		case '#':
			s.alternate = true
		case '0':
			s.zero = true
		default:
			break flags
		}
	}
	s.width = p.number()
	if s.width < 0 {
		s.left, s.width = true, -s.width
	}
	if p.peek() == '.' {
		p.pos++
		s.precision = max(0, p.number())
	}
	if c := p.peek(); c == 'h' || c == 'l' || c == 'L' {
		p.pos++
		p.peek()
	}
	c, size := utf8.DecodeRuneInString(p.format.String()[p.pos:])
	p.pos += size
	if !strings.ContainsRune("diuxXoeEfFgGcrsa", c) {
		value.ValueError("unsupported format character %q", c)
	}
	if !named {
		v = p.next()
	}
	if s.left {
		s.align = '<'
	}
	p.add(p.convert(v, c, s))
}

func (p *percenter) named() value.Value {
	if p.mapping == nil {
		value.TypeError("format requires a mapping")
	}
	depth, start := 1, p.pos+1
	for depth > 0 {
		p.pos++
		switch p.peek() {
		case '(':
			depth++
		case ')':
			depth--
		}
	}
	key := p.format.Cut(start, p.pos)
	p.pos++
	v, ok := p.r.Item(p.mapping, key)
	if !ok {
		value.Fail("KeyError", "%s", shown(p.r, key))
	}
	return v
}

// convert formats an argument by the conversion c.
func (p *percenter) convert(v value.Value, c rune, s spec) text.Text {
	if _, ok := v.(*value.Undefined); ok && !strings.ContainsRune("sra", c) {
		v.(*value.Undefined).Fail()
	}
	switch c {
	case 's', 'r', 'a':
		t := p.r.Text(v)
		if c != 's' {
			t = p.r.Repr(v)
		}
		if c == 'a' {
			t = ascii(t)
		}
		if p.html {
			t = escaped(p.r, t).AsSafe(false)
		}
		s.zero = false
		return s.text(p.r, t)
	case 'c':
		s.zero, s.precision = false, -1
		return s.text(p.r, character(v))
	case 'd', 'i', 'u':
		if f, ok := v.(float64); ok {
			if math.IsInf(f, 0) || math.IsNaN(f) {
				value.Fail("OverflowError", "cannot convert float infinity to integer")
			}
			n, _ := big.NewFloat(f).Int(nil)
			v = value.Norm(n)
		}
		c = 'd'
	case 'x', 'X', 'o':
	default:
		f, ok := value.Float(v)
		if !ok {
			value.TypeError("must be real number, not %s", value.TypeName(v))
		}
		if s.precision < 0 {
			s.precision = 6
		}
		s.kind = byte(c)
		return s.float(p.r, f)
	}
	n, ok := value.Big(v)
	if !ok {
		value.TypeError("%%%c format: a real number is required, not %s", c, value.TypeName(v))
	}
	s.kind = byte(c)
	digits := max(0, s.precision)
	s.precision = -1
	return s.integer(p.r, n, digits)
}

// character returns v if it is one character, or the character with the number v. A number may
// come from anywhere, so its character counts as data.
func character(v value.Value) text.Text {
	if t, ok := v.(text.Text); ok {
		if t.Runes() != 1 {
			value.TypeError("%%c requires int or char")
		}
		return t
	}
	if _, ok := value.Big(v); !ok {
		value.TypeError("%%c requires int or char")
	}
	n := value.Int(v)
	if n < 0 || n > utf8.MaxRune {
		value.Fail("OverflowError", "%%c arg not in range(0x110000)")
	}
	return text.From(string(rune(n)), text.Unknown)
}

// ascii replaces characters beyond ASCII by escapes.
func ascii(t text.Text) text.Text {
	var b text.Builder
	for _, c := range t.Chars() {
		if r, _ := utf8.DecodeRuneInString(c.String()); r >= utf8.RuneSelf {
			c = text.From(text.Escape(r), c.Origin())
		}
		b.Add(c)
	}
	return b.Text()
}
