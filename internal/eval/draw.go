package eval

import (
	"slices"

	"alpaca/internal/fmath"
)

// Drawing is a method of drawing a random selection of questions. llama-perplexity always uses seed
// 1. With that seed Select draws the same questions as llama-perplexity, so both programs score the
// same part of a benchmark.
type Drawing int

// The methods of drawing.
const (
	DrawMultiple  Drawing = iota // llama-perplexity's method for WinoGrande and multiple choice
	DrawHellaSwag                // llama-perplexity's method for HellaSwag, if built with GCC 11 or later
)

// Select draws n of the questions. If n is 0, or if there are
// at most n questions, it returns all of them in their order.
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
		// The product is in float32, so rounding may make it len(left).
		at := int(float32(float32(rng.Uint32())*(1.0/(1<<32))) * float32(len(left)))
		at = min(at, len(left)-1)
		chosen[i] = left[at]
		left[at] = left[len(left)-1]
		left = left[:len(left)-1]
	}
	return chosen
}

// below returns a uniformly distributed number from 0 to n-1 (D. Lemire, "Fast Random
// Integer Generation in an Interval", 2019), the same as GCC's
// std::uniform_int_distribution.
func below(rng *fmath.MT19937, n uint32) int {
	product := uint64(rng.Uint32()) * uint64(n)
	for low := uint32(product); low < n && low < -n%n; low = uint32(product) {
		product = uint64(rng.Uint32()) * uint64(n)
	}
	return int(product >> 32)
}
