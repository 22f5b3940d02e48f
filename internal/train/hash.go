package train

import (
	"math"

	"alpaca/internal/fmath"
)

// hash mixes numbers to 64 random bits: a counter-based generator, whose numbers do not
// depend on what was drawn before. It is SplitMix64's finalizer (Steele et al.,
// doi:10.1145/2714064.2660195) after each number.
func hash(numbers ...uint64) uint64 {
	var h uint64
	for _, n := range numbers {
		h = mix(h ^ n)
	}
	return h
}

func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// What hash is asked for, as its second number.
const (
	forOrder = iota + 1
	forDropout
	forInit
	forHeldOut
)

// uniform returns bits as a number between 0 and 1, never 0.
func uniform(bits uint64) float64 { return (float64(bits>>11) + 0.5) * 0x1p-53 }

// normal returns a number of the standard normal distribution, by Box and Muller.
func normal(a, b uint64) float64 {
	_, cos := fmath.SinCos(2 * math.Pi * uniform(b))
	return math.Sqrt(-2*fmath.Log(uniform(a))) * cos
}

// text returns a number for a name.
func text(s string) uint64 {
	h := uint64(len(s))
	for _, c := range []byte(s) {
		h = mix(h ^ uint64(c))
	}
	return h
}

// shuffle returns the numbers 0 to n-1 in the order of an epoch (Fisher and Yates).
func shuffle(n int, seed, epoch uint64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := int(hash(seed, forOrder, epoch, uint64(i)) % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}
