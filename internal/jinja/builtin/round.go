package builtin

import (
	"math"
	"math/big"
	"strconv"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

func round(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("round", "precision", "method")
	precision := value.Int(value.Or(args[0], int64(0)))
	how, _ := value.Or(args[1], value.Str("common")).(text.Text)
	f, isFloat := v.(float64)
	n, isInt := value.Big(v)
	if u, ok := v.(*value.Undefined); ok {
		u.Fail()
	}
	if !isFloat && !isInt {
		value.TypeError("type %s doesn't define __round__ method", value.TypeName(v))
	}
	switch how.String() {
	case "common":
		if isInt {
			return roundInt(n, precision)
		}
		return roundFloat(f, precision)
	case "ceil", "floor":
	default:
		value.Fail("FilterArgumentError", "method must be common, ceil or floor")
	}
	scale := r.Binary("**", int64(10), int64(precision))
	product := r.Binary("*", v, scale)
	if _, ok := value.Big(product); ok {
		return r.Binary("/", product, scale)
	}
	scaled := product.(float64)
	if math.IsInf(scaled, 0) || math.IsNaN(scaled) {
		value.Fail("OverflowError", "cannot convert float infinity to integer")
	}
	if how.String() == "ceil" {
		scaled = math.Ceil(scaled)
	} else {
		scaled = math.Floor(scaled)
	}
	whole, _ := big.NewFloat(scaled).Int(nil)
	return r.Binary("/", value.Norm(whole), scale)
}

// roundFloat is Python's round(f, precision): to the nearest, ties to even.
func roundFloat(f float64, precision int) value.Value {
	if math.IsInf(f, 0) || math.IsNaN(f) || precision > 323 {
		return f
	}
	if precision < -308 {
		return math.Copysign(0, f)
	}
	if precision >= 0 {
		g, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
		return g
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-precision)), nil))
	q := new(big.Rat).Quo(new(big.Rat).SetFloat64(f), scale)
	n := halfEven(q)
	g, _ := new(big.Rat).Mul(new(big.Rat).SetInt(n), scale).Float64()
	return math.Copysign(g, f)
}

// roundInt is Python's round(n, precision).
func roundInt(n *big.Int, precision int) value.Value {
	if precision >= 0 {
		return value.Norm(n)
	}
	if -precision > 2*len(n.String()) {
		return int64(0)
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-precision)), nil)
	return value.Norm(scale.Mul(scale, halfEven(new(big.Rat).SetFrac(n, new(big.Int).Set(scale)))))
}

// halfEven returns the nearest integer, ties to even.
func halfEven(q *big.Rat) *big.Int {
	double := new(big.Int).Lsh(q.Num(), 1)
	double.Add(double, q.Denom())
	n := new(big.Int)
	rest := new(big.Int)
	n.DivMod(double, new(big.Int).Lsh(q.Denom(), 1), rest)
	if rest.Sign() == 0 && n.Bit(0) == 1 {
		n.Sub(n, big.NewInt(1))
	}
	return n
}
