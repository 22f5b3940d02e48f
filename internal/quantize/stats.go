package quantize

import "math"

// ErrorStats is how far decoded weights are from the original ones.
type ErrorStats struct {
	Weights int64
	Max     float64 // largest absolute difference
	sum     float64 // of squared differences
	size    float64 // of squared original weights
}

// measure sets e to the differences between x and back.
func (e *ErrorStats) measure(x, back []float32) {
	*e = ErrorStats{Weights: int64(len(x))}
	for i, v := range x {
		d := float64(back[i]) - float64(v)
		e.sum += float64(d * d)
		e.size += float64(float64(v) * float64(v))
		e.Max = max(e.Max, math.Abs(d))
	}
}

// Add adds the differences of other weights.
func (e *ErrorStats) Add(other *ErrorStats) {
	e.Weights += other.Weights
	e.sum += other.sum
	e.size += other.size
	e.Max = max(e.Max, other.Max)
}

// RMS returns the root of the mean squared difference.
func (e *ErrorStats) RMS() float64 { return math.Sqrt(e.sum / float64(max(1, e.Weights))) }

// Relative returns RMS as a part of the root mean square of the weights.
func (e *ErrorStats) Relative() float64 {
	if e.sum == 0 {
		return 0 // of nothing, too
	}
	return math.Sqrt(e.sum / e.size)
}
