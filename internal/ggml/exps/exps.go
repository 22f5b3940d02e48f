// Package exps computes e^x for many float64 numbers at once, such as the
// logits of a whole vocabulary. fmath.Exp defines the results to the bit.
// A kernel in assembly gives equal results, several numbers at a time.
package exps

import "alpaca/internal/fmath"

// Exp replaces each x by e^x.
func Exp(x []float64) { exp(x) }

func expGeneric(x []float64) {
	for i, v := range x {
		x[i] = fmath.Exp(v)
	}
}
