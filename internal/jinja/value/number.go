package value

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Norm returns an integer as int64 if it fits.
func Norm(n *big.Int) Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// asInt returns integers and booleans as int64 or *big.Int.
func asInt(v Value) (Value, bool) {
	switch v := v.(type) {
	case int64, *big.Int:
		return v, true
	case bool:
		if v {
			return int64(1), true
		}
		return int64(0), true
	}
	return nil, false
}

// Big returns integers and booleans as *big.Int, which the caller must not change.
func Big(v Value) (n *big.Int, ok bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	}
	return nil, false
}

// Float returns a number as float64. An integer beyond float64's range is a failure.
func Float(v Value) (f float64, ok bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			Fail("OverflowError", "int too large to convert to float")
		}
		return f, true
	}
	return 0, false
}

// Int returns an integer for use as an index, a count or a width, clamped to the range of int.
func Int(v Value) int {
	switch v := v.(type) {
	case int64:
		return int(min(max(v, math.MinInt), math.MaxInt))
	case bool:
		if v {
			return 1
		}
		return 0
	case *big.Int:
		if v.Sign() < 0 {
			return math.MinInt
		}
		return math.MaxInt
	case *Undefined:
		v.Fail()
	}
	TypeError("'%s' object cannot be interpreted as an integer", TypeName(v))
	return 0
}

// maxDigits is the largest number of decimal digits of an integer that is printed, as in Python.
const maxDigits = 4300

// FormatInt returns the decimal form of an integer.
func FormatInt(v Value) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		if v.BitLen() > 14300 || len(v.Text(10)) > maxDigits+1 {
			ValueError("Exceeds the limit (%d digits) for integer string conversion", maxDigits)
		}
		return v.Text(10)
	}
	return ""
}

// FormatFloat returns Python's repr of a float.
func FormatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	e, _ := strconv.Atoi(exponent)
	if e < -4 || e >= 16 {
		return mantissa + "e" + exponent // the exponent has at least two digits, as in Python
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// ParseInt is Python's int(s, base). Base 0 means that the prefix of s decides the base.
func ParseInt(s string, base int) (v Value, ok bool) {
	s = strings.TrimFunc(s, isSpace)
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	s = decimal(s)
	prefixes := map[byte]int{'x': 16, 'o': 8, 'b': 2}
	if len(s) > 2 && s[0] == '0' {
		if b := prefixes[s[1]|0x20]; b != 0 && (base == b || base == 0) {
			base = b
			s = strings.TrimPrefix(s[2:], "_")
		}
	}
	if base == 0 {
		if len(s) > 1 && s[0] == '0' && strings.Trim(s, "0_") != "" {
			return nil, false
		}
		base = 10
	}
	if s == "" || s[0] == '_' || s[len(s)-1] == '_' || strings.Contains(s, "__") || s[0] == '+' || s[0] == '-' {
		return nil, false
	}
	s = strings.ReplaceAll(s, "_", "")
	if base&(base-1) != 0 && len(s) > maxDigits {
		return nil, false
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok {
		return nil, false
	}
	if negative {
		n.Neg(n)
	}
	return Norm(n), true
}

// ParseFloat is Python's float(s).
func ParseFloat(s string) (f float64, ok bool) {
	s = decimal(strings.TrimFunc(s, isSpace))
	word := strings.ToLower(strings.TrimLeft(s, "+-"))
	switch word {
	case "inf", "infinity", "nan":
	default:
		for _, c := range word {
			if !strings.ContainsRune("0123456789._e+-", c) {
				return 0, false
			}
		}
		for i := range len(s) { // "_" is allowed only between digits
			if s[i] == '_' && (i == 0 || i == len(s)-1 || !isDigit(s[i-1]) || !isDigit(s[i+1])) {
				return 0, false
			}
		}
		s = strings.ReplaceAll(s, "_", "")
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
