package bench

import (
	"math"
	"slices"
)

// stats summarizes samples.
type stats struct {
	mean, stddev, median float64
}

// summarize returns the mean, the sample standard deviation (0 for a single
// sample) and the median of samples, which must not be empty.
func summarize(samples []float64) stats {
	var s stats
	for _, v := range samples {
		s.mean += v
	}
	n := float64(len(samples))
	s.mean /= n
	if len(samples) > 1 {
		var sq float64
		for _, v := range samples {
			sq += (v - s.mean) * (v - s.mean)
		}
		s.stddev = math.Sqrt(sq / (n - 1))
	}
	sorted := slices.Sorted(slices.Values(samples))
	mid := len(sorted) / 2
	s.median = sorted[mid]
	if len(sorted)%2 == 0 {
		s.median = (sorted[mid-1] + sorted[mid]) / 2
	}
	return s
}
