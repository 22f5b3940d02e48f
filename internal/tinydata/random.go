package tinydata

import (
	"math/bits"
	"math/rand/v2"
)

// random draws from PCG, a generator whose numbers are the same in every release of Go. The
// methods here map these numbers to ranges themselves, because Go's own methods could change.
type random struct{ src rand.PCG }

func newRandom(seed uint64) random { return random{*rand.NewPCG(seed, 0x616c70616361)} }

// below returns a number from 0 to n-1.
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.src.Uint64(), uint64(n))
	return int(hi)
}

// between returns a number from lo to hi, inclusive.
func (r *random) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// chance returns true with a probability of percent %.
func (r *random) chance(percent int) bool { return r.below(100) < percent }

func pick[T any](r *random, list []T) T { return list[r.below(len(list))] }

// pickDistinct returns n different elements of list, in random order.
func pickDistinct[T any](r *random, list []T, n int) []T {
	at := make([]int, len(list))
	for i := range at {
		at[i] = i
	}
	out := make([]T, n)
	for i := range out {
		j := r.between(i, len(at)-1)
		at[i], at[j] = at[j], at[i]
		out[i] = list[at[i]]
	}
	return out
}
