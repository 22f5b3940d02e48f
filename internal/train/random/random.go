// Package random has random numbers that depend only on where they are used: each
// number is a hash of a seed, a purpose and a place. So a number does not depend
// on earlier ones, on threads, on the size of batches, or on where a run resumed.
package random

import (
	"math"

	"alpaca/internal/fmath"
)

// Hash mixes numbers to 64 random bits, as a counter-based generator. It applies
// SplitMix64's finalizer (Steele et al., doi:10.1145/2714064.2660195) after each number.
func Hash(numbers ...uint64) uint64 {
	var h uint64
	for _, n := range numbers {
		h = Mix(h ^ n)
	}
	return h
}

func Mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// These are the purposes of random numbers in training. A purpose is the second argument of Hash.
const (
	ForOrder = iota + 1
	ForDropout
	ForInit
	ForHeldOut
)

// Uniform returns bits as a number between 0 and 1, never 0.
func Uniform(bits uint64) float64 { return (float64(bits>>11) + 0.5) * 0x1p-53 }

// Normal returns a number with the standard normal distribution (Box and Muller), from
// two random numbers.
func Normal(a, b uint64) float64 {
	_, cos := fmath.SinCos(2 * math.Pi * Uniform(b))
	return math.Sqrt(-2*fmath.Log(Uniform(a))) * cos
}

// Text hashes s to 64 bits.
func Text(s string) uint64 {
	h := uint64(len(s))
	for _, c := range []byte(s) {
		h = Mix(h ^ uint64(c))
	}
	return h
}
