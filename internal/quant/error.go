package quant

import "math"

// An Error says how much values changed, such as weights that were encoded and then decoded.
type Error struct {
	Values  int64   // number of values compared
	Max     float64 // largest absolute difference
	Largest float64 // largest absolute value before the change

	sum, size float64 // sums of squares: of the differences, and of the values before the change
}

// MeasureError compares values before and after a change. An infinite value or
// NaN that stays the same counts as unchanged. Any other infinite difference
// makes Max infinite. A value that is NaN on only one side makes Max NaN.
func MeasureError(before, after []float32) Error {
	e := Error{Values: int64(len(before))}
	for i, b := range before {
		x, d := float64(b), float64(after[i])-float64(b)
		if b == after[i] || x != x && after[i] != after[i] {
			d = 0
		}
		if x-x == 0 { // finite
			e.Largest = max(e.Largest, math.Abs(x))
			e.size += float64(x * x)
		}
		e.Max = max(e.Max, math.Abs(d))
		e.sum += float64(d * d)
	}
	return e
}

// Add adds the values of other to those of e.
func (e *Error) Add(other Error) {
	e.Values += other.Values
	e.Max = max(e.Max, other.Max)
	e.Largest = max(e.Largest, other.Largest)
	e.sum += other.sum
	e.size += other.size
}

// RMS returns the root of the mean squared difference.
func (e *Error) RMS() float64 { return math.Sqrt(e.sum / float64(max(1, e.Values))) }

// Relative returns RMS divided by the root mean square of the values before the change. The
// result is 0 if nothing changed, and +Inf if all values were 0 and some of them changed.
func (e *Error) Relative() float64 {
	if e.sum == 0 {
		return 0 // this includes an Error without values
	}
	return math.Sqrt(e.sum / e.size)
}
