package convert

import "math"

// Loss is how far the values of a tensor have moved.
type Loss struct {
	Max     float64 // largest change of a value
	Largest float64 // largest value before

	diff2, size2 float64 // sums of squares
}

// Relative returns the root mean square of the changes as a part of that of the
// values.
func (l *Loss) Relative() float64 {
	if l.diff2 == 0 {
		return 0 // of nothing, too
	}
	return math.Sqrt(l.diff2 / l.size2)
}

// Add makes l the loss of its values and those of other together.
func (l *Loss) Add(other Loss) {
	l.Max = max(l.Max, other.Max)
	l.Largest = max(l.Largest, other.Largest)
	l.diff2 += other.diff2
	l.size2 += other.size2
}

// measure compares values with what they have become. A value that is not a
// number stays one: that is no change.
func measure(before, after []float32) (l Loss) {
	for i, b := range before {
		x, d := float64(b), float64(b)-float64(after[i])
		if b == after[i] || x != x && after[i] != after[i] {
			d = 0
		}
		if x == x && !math.IsInf(x, 0) {
			l.Largest = max(l.Largest, math.Abs(x))
			l.size2 += float64(x * x)
		}
		l.Max = max(l.Max, math.Abs(d))
		l.diff2 += float64(d * d)
	}
	return l
}
