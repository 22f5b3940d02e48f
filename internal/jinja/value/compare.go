package value

import (
	"math"
	"math/big"
	"strings"

	"alpaca/internal/jinja/text"
)

// Equal is Python's ==.
func (r *Run) Equal(x, y Value) bool {
	r.Steps(1)
	switch x := x.(type) {
	case nil:
		return y == nil
	case text.Text:
		y, ok := y.(text.Text)
		if ok && x.Len() == y.Len() {
			r.Scan(x)
		}
		return ok && x.String() == y.String()
	case Bytes:
		y, ok := y.(Bytes)
		if ok && x.Text.Len() == y.Text.Len() {
			r.Scan(x)
		}
		return ok && x.Text.String() == y.Text.String()
	case bool, int64, *big.Int, float64:
		r.Scan(x)
		c, ok := compareNumbers(x, y)
		return ok && c == 0
	case *List:
		y, ok := y.(*List)
		return ok && r.equalItems(x.Items, y.Items)
	case *Tuple:
		y, ok := y.(*Tuple)
		return ok && r.equalItems(x.Items, y.Items)
	case *Dict:
		y, ok := y.(*Dict)
		return ok && r.equalDicts(x, y)
	case *Undefined:
		_, ok := y.(*Undefined)
		return ok
	case *Range:
		y, ok := y.(*Range)
		return ok && x.Len == y.Len && (x.Len == 0 || x.Start == y.Start && (x.Len == 1 || x.Step == y.Step))
	case *View, *Set:
		if setLike(x) && setLike(y) {
			return r.compareSets("==", x, y)
		}
		return x == y
	}
	if _, ok := y.(text.Text); ok {
		return false
	}
	if _, ok := y.(Bytes); ok {
		return false
	}
	return x == y
}

func (r *Run) all(v Value, f func(Value) bool) bool {
	next := r.Iterate(v)
	for {
		item, ok := next()
		if !ok {
			return true
		}
		if !f(item) {
			return false
		}
	}
}

func (r *Run) equalItems(x, y []Value) bool {
	if len(x) != len(y) {
		return false
	}
	r.Enter()
	defer r.Leave()
	for i := range x {
		if !r.Equal(x[i], y[i]) {
			return false
		}
	}
	return true
}

func (r *Run) equalDicts(x, y *Dict) bool {
	if x.Len() != y.Len() {
		return false
	}
	r.Enter()
	defer r.Leave()
	for i := range x.keys {
		v, ok := y.Get(x.keys[i])
		if !ok || !r.Equal(x.values[i], v) {
			return false
		}
	}
	return true
}

// compareNumbers returns the exact sign of x - y. ok
// is false if x or y is NaN or not a number at all.
func compareNumbers(x, y Value) (c int, ok bool) {
	if a, ok := x.(int64); ok {
		if b, ok := y.(int64); ok {
			return sign(a < b, a > b), true
		}
	}
	f, fx := x.(float64)
	g, fy := y.(float64)
	a, okA := Big(x)
	b, okB := Big(y)
	switch {
	case fx && fy:
		return sign(f < g, f > g), f == f && g == g
	case okA && okB:
		return a.Cmp(b), true
	case fx && okB:
		c, ok := compareMixed(b, f)
		return -c, ok
	case okA && fy:
		return compareMixed(a, g)
	}
	return 0, false
}

func compareMixed(n *big.Int, f float64) (int, bool) {
	switch {
	case f != f:
		return 0, false
	case math.IsInf(f, 1):
		return -1, true
	case math.IsInf(f, -1):
		return 1, true
	}
	return new(big.Rat).SetInt(n).Cmp(new(big.Rat).SetFloat64(f)), true
}

func sign(less, greater bool) int {
	switch {
	case less:
		return -1
	case greater:
		return 1
	}
	return 0
}

// Less is Python's <.
func (r *Run) Less(x, y Value) bool {
	if setLike(x) && setLike(y) {
		return r.compareSets("<", x, y)
	}
	c, ok := r.order("<", x, y)
	return ok && c < 0
}

// order compares values that have an order, and returns
// the sign of x - y. ok is false if x or y is NaN.
func (r *Run) order(op string, x, y Value) (c int, ok bool) {
	r.Steps(1)
	defined(x, y)
	switch x := x.(type) {
	case text.Text:
		if y, ok := y.(text.Text); ok {
			r.Steps(min(x.Len(), y.Len()) / 256)
			return strings.Compare(x.String(), y.String()), true
		}
	case Bytes:
		if y, ok := y.(Bytes); ok {
			r.Steps(min(x.Text.Len(), y.Text.Len()) / 256)
			return strings.Compare(x.Text.String(), y.Text.String()), true
		}
	case *List:
		if y, ok := y.(*List); ok {
			return r.orderItems(op, x.Items, y.Items)
		}
	case *Tuple:
		if y, ok := y.(*Tuple); ok {
			return r.orderItems(op, x.Items, y.Items)
		}
	case bool, int64, *big.Int, float64:
		switch y.(type) {
		case bool, int64, *big.Int, float64:
			r.Scan(x)
			return compareNumbers(x, y)
		}
	}
	TypeError("'%s' not supported between instances of '%s' and '%s'", op, TypeName(x), TypeName(y))
	return 0, false
}

func (r *Run) orderItems(op string, x, y []Value) (int, bool) {
	r.Enter()
	defer r.Leave()
	for i := range min(len(x), len(y)) {
		if !r.Equal(x[i], y[i]) {
			return r.order(op, x[i], y[i])
		}
	}
	return sign(len(x) < len(y), len(x) > len(y)), true
}

// Compare applies a comparison operator of Python.
func (r *Run) Compare(op string, x, y Value) bool {
	switch op {
	case "==":
		return r.Equal(x, y)
	case "!=":
		return !r.Equal(x, y)
	case "in":
		return r.Contains(y, x)
	case "not in":
		return !r.Contains(y, x)
	}
	if setLike(x) && setLike(y) {
		return r.compareSets(op, x, y)
	}
	c, ok := r.order(op, x, y)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// Contains is Python's "v in seq".
func (r *Run) Contains(seq, v Value) bool {
	switch seq := seq.(type) {
	case text.Text:
		sub, ok := v.(text.Text)
		if !ok {
			TypeError("'in <string>' requires string as left operand, not %s", TypeName(v))
		}
		r.Scan(seq)
		return strings.Contains(seq.String(), sub.String())
	case Bytes:
		r.Scan(seq)
		if sub, ok := v.(Bytes); ok {
			return strings.Contains(seq.Text.String(), sub.Text.String())
		}
		return strings.IndexByte(seq.Text.String(), byte(Int(v))) >= 0
	case *Dict:
		r.Scan(v)
		_, ok := seq.Get(v)
		return ok
	case *View:
		switch seq.What {
		case "keys":
			r.Scan(v)
			_, ok := seq.Of.Get(v)
			return ok
		case "items":
			pair, ok := v.(*Tuple)
			if !ok || len(pair.Items) != 2 {
				return false
			}
			r.Scan(pair.Items[0])
			item, ok := seq.Of.Get(pair.Items[0])
			return ok && r.Equal(item, pair.Items[1])
		}
	case *Set:
		r.Scan(v)
		_, ok := seq.d.Get(v)
		return ok
	case *Undefined:
		return false
	case *Range:
		if n, ok := v.(int64); ok {
			d := n - seq.Start
			return d%seq.Step == 0 && d/seq.Step >= 0 && d/seq.Step < seq.Len
		}
	}
	return !r.all(seq, func(item Value) bool { return !r.Equal(item, v) })
}
