package value

import (
	"math"
	"math/big"
	"slices"

	"alpaca/internal/jinja/text"
)

// Fail ends the rendering because a value is missing.
func (u *Undefined) Fail() {
	if u.Unsafe {
		Fail("SecurityError", "%s", u.Msg)
	}
	Fail("UndefinedError", "%s", u.Msg)
}

// defined ends the rendering if one of the values is undefined.
func defined(list ...Value) {
	for _, v := range list {
		if u, ok := v.(*Undefined); ok {
			u.Fail()
		}
	}
}

// Binary applies an arithmetic operator of Python, except "%" with a string on its left, which
// is in package builtin.
func (r *Run) Binary(op string, x, y Value) Value {
	if a, ok := x.(int64); ok {
		if b, ok := y.(int64); ok {
			if v, ok := small(op, a, b); ok {
				return v
			}
		}
	}
	if v := r.difference(op, x, y); v != nil {
		return v
	}
	defined(x, y)
	if v := r.sequences(op, x, y); v != nil {
		return v
	}
	_, fx := x.(float64)
	_, fy := y.(float64)
	a, okA := Big(x)
	b, okB := Big(y)
	switch {
	case okA && okB:
		return r.integers(op, a, b)
	case (okA || fx) && (okB || fy):
		f, _ := Float(x)
		g, _ := Float(y)
		return floats(op, f, g)
	}
	TypeError("unsupported operand type(s) for %s: '%s' and '%s'", op, TypeName(x), TypeName(y))
	return nil
}

// small applies an operator to operands so small that the result fits into an int64.
func small(op string, a, b int64) (Value, bool) {
	const limit = 1 << 31
	if a <= -limit || a >= limit || b <= -limit || b >= limit {
		return nil, false
	}
	switch op {
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	}
	return nil, false
}

// sequences applies an operator of strings, lists and tuples. It returns nil for other operands.
func (r *Run) sequences(op string, x, y Value) Value {
	switch op {
	case "+":
		switch x := x.(type) {
		case text.Text:
			if y, ok := y.(text.Text); ok {
				return r.Add(x, y)
			}
		case Bytes:
			if y, ok := y.(Bytes); ok {
				return Bytes{r.Add(x.Text, y.Text)}
			}
		case *List:
			if y, ok := y.(*List); ok {
				r.Product(len(x.Items)+len(y.Items), sizeofValue)
				return &List{slices.Concat(x.Items, y.Items)}
			}
		case *Tuple:
			if y, ok := y.(*Tuple); ok {
				r.Product(len(x.Items)+len(y.Items), sizeofValue)
				return &Tuple{Items: slices.Concat(x.Items, y.Items)}
			}
		}
	case "*":
		if _, ok := asInt(x); ok {
			x, y = y, x
		}
		if _, ok := asInt(y); !ok {
			return nil
		}
		switch x := x.(type) {
		case text.Text:
			n := max(0, Int(y))
			r.Product(n, x.Size())
			return x.Repeat(n)
		case Bytes:
			n := max(0, Int(y))
			r.Product(n, x.Text.Size())
			return Bytes{x.Text.Repeat(n)}
		case *List:
			return &List{r.repeat(x.Items, Int(y))}
		case *Tuple:
			return &Tuple{Items: r.repeat(x.Items, Int(y))}
		}
	}
	return nil
}

func (r *Run) repeat(items []Value, n int) []Value {
	n = max(0, n)
	r.Product(n, len(items)*sizeofValue)
	if len(items) == 0 {
		return nil
	}
	return slices.Repeat(items, n)
}

// Add returns x followed by y. If one is marked as safe, the other is escaped.
func (r *Run) Add(x, y text.Text) text.Text {
	r.Charge(x.Size() + y.Size())
	if x.Safe() != y.Safe() {
		r.Product(5, x.Len()+y.Len())
		return text.Concat(x.Escaped(), y.Escaped()).AsSafe(true)
	}
	return text.Concat(x, y).AsSafe(x.Safe())
}

// maxBits is the limit for the length of integers in bits.
const maxBits = 1 << 20

func (r *Run) integers(op string, a, b *big.Int) Value {
	n := new(big.Int)
	bits := a.BitLen() + b.BitLen()
	r.Charge(bits / 8)
	if bits > 4096 {
		r.Steps(bits / 1024 * (bits / 1024)) // long products and quotients take quadratic time
	}
	switch op {
	case "+":
		return Norm(n.Add(a, b))
	case "-":
		return Norm(n.Sub(a, b))
	case "*":
		if bits > maxBits {
			limit("makes a number of %d bits", bits)
		}
		return Norm(n.Mul(a, b))
	case "**":
		if b.Sign() < 0 {
			f, _ := Float(Norm(a))
			g, _ := Float(Norm(b))
			return floats(op, f, g)
		}
		if a.BitLen() > 1 && (!b.IsInt64() || b.Int64() > maxBits/int64(a.BitLen())) {
			limit("makes a number of too many bits")
		}
		if a.BitLen() <= 1 { // a is -1, 0 or 1: its power depends only on whether b is 0, odd or even
			b = new(big.Int).Add(new(big.Int).And(b, big.NewInt(1)), big.NewInt(int64(2*min(1, b.Sign()))))
		}
		r.Charge(a.BitLen() * int(b.Int64()) / 8)
		return Norm(n.Exp(a, b, nil))
	}
	if b.Sign() == 0 {
		Fail("ZeroDivisionError", "division by zero")
	}
	switch op {
	case "/":
		q, _ := new(big.Rat).SetFrac(a, b).Float64()
		if math.IsInf(q, 0) {
			Fail("OverflowError", "integer division result too large for a float")
		}
		if a.Sign() == 0 && b.Sign() < 0 {
			q = math.Copysign(0, -1)
		}
		return q
	case "//", "%":
		m := new(big.Int)
		n.DivMod(a, b, m) // DivMod's remainder is never negative, but Python's remainder has the sign of b
		if b.Sign() < 0 && m.Sign() != 0 {
			n.Sub(n, big.NewInt(1))
			m.Add(m, b)
		}
		if op == "%" {
			return Norm(m)
		}
		return Norm(n)
	}
	return nil
}

func floats(op string, f, g float64) Value {
	switch op {
	case "+":
		return f + g
	case "-":
		return f - g
	case "*":
		return f * g
	case "**":
		switch {
		case f == 0 && g < 0:
			Fail("ZeroDivisionError", "0.0 cannot be raised to a negative power")
		case f < 0 && !math.IsInf(f, 0) && g != math.Trunc(g):
			ValueError("%s ** %s is a complex number, which templates do not have here", FormatFloat(f), FormatFloat(g))
		}
		p := math.Pow(f, g)
		if math.IsInf(p, 0) && !math.IsInf(f, 0) && !math.IsInf(g, 0) {
			Fail("OverflowError", "(34, 'Numerical result out of range')")
		}
		return p
	}
	if g == 0 {
		Fail("ZeroDivisionError", "float division by zero")
	}
	if op == "/" {
		return f / g
	}
	// As in Python, the remainder has the divisor's sign,
	// and is subtracted from f before the division.
	m := math.Mod(f, g)
	q := (f - m) / g
	if m != 0 {
		if (g < 0) != (m < 0) {
			m += g
			q--
		}
	} else {
		m = math.Copysign(0, g)
	}
	if op == "%" {
		return m
	}
	if q == 0 {
		return math.Copysign(0, f/g)
	}
	floor := math.Floor(q)
	if q-floor > 0.5 {
		floor++
	}
	return floor
}

// Unary applies the operator "-" or "+".
func (r *Run) Unary(op string, x Value) Value {
	defined(x)
	if f, ok := x.(float64); ok {
		if op == "-" {
			return -f
		}
		return f
	}
	n, ok := Big(x)
	if !ok {
		TypeError("bad operand type for unary %s: '%s'", op, TypeName(x))
	}
	if op == "-" {
		return Norm(new(big.Int).Neg(n))
	}
	return Norm(n)
}
