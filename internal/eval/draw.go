package eval

import (
	"slices"

	"alpaca/internal/fmath"
)

// Drawing is a way to draw some questions out of many. With seed 1, which llama-perplexity
// always uses, they are the same questions as there, so that both programs score the same part
// of a benchmark.
type Drawing int

// Ways to draw.
const (
	DrawMultiple  Drawing = iota // as for WinoGrande and multiple choice
	DrawHellaSwag                // as for HellaSwag, built with GCC 11 or later
)

// Select returns n of the questions, drawn by a seed, or all of them in their
// order where there are no more.
func Select(questions []Question, n int, how Drawing, seed uint32) []Question {
	if n <= 0 || n >= len(questions) {
		return questions
	}
	left := slices.Clone(questions)
	rng := fmath.NewMT19937(seed)
	chosen := make([]Question, n)
	for i := range chosen {
		if how == DrawHellaSwag {
			at := below(rng, uint32(len(left)))
			chosen[i] = left[at]
			left = slices.Delete(left, at, at+1)
			continue
		}
		// In float32, whose rounding may lead one too far.
		at := int(float32(float32(rng.Uint32())*(1.0/(1<<32))) * float32(len(left)))
		at = min(at, len(left)-1)
		chosen[i] = left[at]
		left[at] = left[len(left)-1]
		left = left[:len(left)-1]
	}
	return chosen
}

// below returns a number from 0 to n-1, every one as likely as the others
// (D. Lemire, "Fast Random Integer Generation in an Interval", 2019), as
// std::uniform_int_distribution of GCC's library does.
func below(rng *fmath.MT19937, n uint32) int {
	product := uint64(rng.Uint32()) * uint64(n)
	for low := uint32(product); low < n && low < -n%n; low = uint32(product) {
		product = uint64(rng.Uint32()) * uint64(n)
	}
	return int(product >> 32)
}
