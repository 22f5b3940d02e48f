package builtin

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// spec is a format specification of Python's mini-language.
// The operator % uses only some of the fields.
type spec struct {
	fill      text.Text
	align     byte // '<', '>', '^', '='
	sign      byte // '-', '+', ' '
	left      bool
	alternate bool
	zero      bool
	noNegZero bool
	width     int
	grouping  byte // 0, ',', '_'
	precision int  // -1: none
	kind      byte // 0: none
}

// text cuts a text to the precision, and pads it to the width.
func (s spec) text(r *value.Run, t text.Text) text.Text {
	if s.precision >= 0 {
		t = t.Slice(0, s.precision)
	}
	return s.pad(r, text.Text{}, t)
}

// pad returns head (a sign) and body, padded to the width.
// With the align '=', the padding is between head and body.
func (s spec) pad(r *value.Run, head, body text.Text) text.Text {
	n := s.width - head.Runes() - body.Runes()
	if n <= 0 {
		return text.Concat(head, body)
	}
	r.Product(n, s.fill.Len())
	switch s.align {
	case '<':
		return text.Concat(head, body, s.fill.Repeat(n))
	case '^':
		return text.Concat(s.fill.Repeat(n/2), head, body, s.fill.Repeat(n-n/2))
	case '=':
		return text.Concat(head, s.fill.Repeat(n), body)
	}
	return text.Concat(s.fill.Repeat(n), head, body)
}

// number pads a number: head is its sign and prefix, tail follows the digits.
func (s spec) number(r *value.Run, head, digits, tail string) text.Text {
	every := 3
	if strings.IndexByte("xXob", s.kind) >= 0 && s.kind != 0 {
		every = 4
	}
	fillsZero := s.zero && s.align != '<' || s.align == '=' && s.fill.String() == "0"
	if fillsZero {
		r.Charge(s.width)
		room := s.width - len(head) - len(tail)
		if s.grouping != 0 { // leave room for the separators; the result never begins with a separator
			room -= (room - 1) / (every + 1)
		}
		if len(digits) < room {
			digits = strings.Repeat("0", room-len(digits)) + digits
		}
	}
	r.Product(2, len(digits))
	if s.grouping != 0 {
		digits = group(digits, s.grouping, every)
	}
	return s.pad(r, r.Digits(head), r.Digits(digits+tail))
}

// group puts a separator between groups of digits.
func group(digits string, sep byte, every int) string {
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%every == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// signOf returns the sign to write before a number.
func (s spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.sign == '+' || s.sign == ' ':
		return string(s.sign)
	}
	return ""
}

// integer formats an integer with a minimum number of digits.
func (s spec) integer(r *value.Run, n *big.Int, digits int) text.Text {
	abs := new(big.Int).Abs(n)
	body, prefix := "", ""
	switch s.kind {
	case 'x':
		body, prefix = abs.Text(16), "0x"
	case 'X':
		body, prefix = strings.ToUpper(abs.Text(16)), "0X"
	case 'o':
		body, prefix = abs.Text(8), "0o"
	case 'b':
		body, prefix = abs.Text(2), "0b"
	default:
		body = value.FormatInt(value.Norm(abs))
	}
	if !s.alternate {
		prefix = ""
	}
	if digits > len(body) {
		r.Charge(digits)
		body = strings.Repeat("0", digits-len(body)) + body
	}
	return s.number(r, s.signOf(n.Sign() < 0)+prefix, body, "")
}

// float formats a float. If kind is set, precision must be set, too.
func (s spec) float(r *value.Run, f float64) text.Text {
	tail := ""
	precision := s.precision
	if s.kind == '%' {
		f *= 100
		tail = "%"
	}
	negative := math.Signbit(f) && !math.IsNaN(f)
	f = math.Abs(f)
	r.Charge(max(0, precision))
	body := ""
	kind := s.kind | 0x20
	if s.kind == '%' {
		kind = '%'
	}
	switch {
	case math.IsInf(f, 0):
		body = "inf"
	case math.IsNaN(f):
		body = "nan"
	case kind == 'e':
		body = strconv.FormatFloat(f, 'e', precision, 64)
	case kind == 'f', kind == '%':
		body = strconv.FormatFloat(f, 'f', precision, 64)
	case kind == 'g', kind == 'n':
		body = general(f, max(1, precision), s.alternate, false)
	case precision >= 0:
		body = general(f, max(1, precision), s.alternate, true)
	default:
		body = value.FormatFloat(f)
	}
	if strings.IndexByte("EFG", s.kind) >= 0 && s.kind != 0 {
		body = strings.ToUpper(body)
	}
	if s.noNegZero && strings.Trim(body, "0.eE+-") == "" {
		negative = false
	}
	if c := body[0]; c < '0' || c > '9' {
		s.zero = s.zero && s.align == '='
		s.grouping = 0
		return s.number(r, s.signOf(negative), body, tail)
	}
	end := strings.IndexAny(body, ".eE")
	if end < 0 {
		end = len(body)
	}
	if s.alternate && !strings.Contains(body, ".") {
		body = body[:end] + "." + body[end:]
	}
	return s.number(r, s.signOf(negative), body[:end], body[end:]+tail)
}

// general formats f like %g with precision significant digits: with an exponent if the number is
// very large or small. If repr is true, it formats f as Python does without a kind: at least one
// digit follows the point.
func general(f float64, precision int, alternate, repr bool) string {
	s := strconv.FormatFloat(f, 'e', precision-1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	x, _ := strconv.Atoi(exponent)
	limit := precision
	if repr {
		limit-- // leave room for a digit after the point
	}
	trim := func(s string) string {
		if alternate || !strings.Contains(s, ".") {
			return s
		}
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if x < -4 || x >= limit {
		return trim(mantissa) + "e" + exponent
	}
	s = trim(strconv.FormatFloat(f, 'f', max(0, precision-1-x), 64))
	if repr && !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// parseSpec parses a specification. By default numbers are aligned right, and strings left.
func parseSpec(t text.Text, kind string) spec {
	s := spec{fill: text.New(" "), precision: -1, align: '>'}
	if kind == "str" || kind == "Markup" {
		s.align = '<'
	}
	in := t.String()
	i := 0
	aligned, filled := false, false
	_, size := utf8.DecodeRuneInString(in)
	switch {
	case len(in) > size && strings.IndexByte("<>=^", in[size]) >= 0:
		s.fill, s.align, aligned = t.Cut(0, size), in[size], true
		filled = true
		i = size + 1
	case strings.IndexByte("<>=^", in[0]) >= 0:
		s.align, aligned = in[0], true
		i = 1
	}
	take := func(set string) byte {
		if i < len(in) && strings.IndexByte(set, in[i]) >= 0 {
			i++
			return in[i-1]
		}
		return 0
	}
	number := func() int {
		n, start := 0, i
		for i < len(in) && in[i] >= '0' && in[i] <= '9' {
			if n = n*10 + int(in[i]-'0'); n > 1<<27 {
				value.ValueError("Too many decimal digits in format string")
			}
			i++
		}
		if start == i {
			return -1
		}
		return n
	}
	s.sign = take("+- ")
	s.noNegZero = take("z") != 0
	s.alternate = take("#") != 0
	if take("0") != 0 && !filled {
		s.fill = text.New("0")
		if s.align == '>' && !aligned {
			s.align = '='
		}
	}
	s.width = max(0, number())
	s.grouping = take(",_")
	if take(",_") != 0 {
		value.ValueError("Cannot specify both ',' and '_'.")
	}
	if take(".") != 0 {
		if s.precision = number(); s.precision < 0 {
			value.ValueError("Format specifier missing precision")
		}
	}
	if i < len(in) {
		s.kind = in[i]
		i++
	}
	if i < len(in) {
		value.ValueError("Invalid format specifier '%s' for object of type '%s'", in, kind)
	}
	return s
}
