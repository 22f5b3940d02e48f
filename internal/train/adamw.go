package train

import (
	"math"

	"alpaca/internal/ggml"
	"alpaca/internal/ggml/grad"
)

// AdamW is the optimizer (arXiv:1711.05101).
type AdamW struct {
	Beta1, Beta2, Eps float64
	Decay             float64 // weight decay of matrices; norms and biases have none
	Clip              float64 // largest global norm of the gradient; 0: no limit

	Updates        int     // number of updates so far
	power1, power2 float64 // Beta1 and Beta2 to the power of Updates, by repeated multiplication
}

// blockLen is the number of squares that gradNorm adds in float64 before it starts a new sum.
const blockLen = 4096

// gradNorm returns the global norm of the gradients. It sums blocks in float64 and adds
// their sums in order.
func gradNorm[T real](w *workers, tensors []*Tensor[T]) float64 {
	var total float64
	var sums []float64
	for _, t := range tensors {
		blocks := (len(t.Grad) + blockLen - 1) / blockLen
		sums = ggml.Grow(sums, blocks)
		w.each(blocks, 1, func(_, lo, hi int) {
			for b := lo; b < hi; b++ {
				var sum float64
				for _, g := range t.Grad[b*blockLen : min((b+1)*blockLen, len(t.Grad))] {
					sum += float64(float64(g) * float64(g))
				}
				sums[b] = sum
			}
		})
		for _, s := range sums[:blocks] {
			total += s
		}
	}
	return math.Sqrt(total)
}

// update changes the tensors by their gradients and clears the gradients. norm is the
// gradients' global norm:
//
//	g ← g·min(1, Clip/(norm + 1e-6))
//	m ← β₁m + (1-β₁)g    v ← β₂v + (1-β₂)g²    w ← w·(1 - rate·Decay)
//	w ← w - rate · (m/(1-β₁ᵗ)) / (√(v/(1-β₂ᵗ)) + ε)
func update[T real](w *workers, o *AdamW, tensors []*Tensor[T], norm, rate float64) {
	if o.Updates == 0 {
		o.power1, o.power2 = 1, 1
	}
	o.Updates++
	o.power1, o.power2 = o.power1*o.Beta1, o.power2*o.Beta2
	clip := 1.0
	if o.Clip > 0 {
		clip = min(1, o.Clip/(norm+1e-6))
	}
	s := step{by: clip, beta1: o.Beta1, beta2: o.Beta2, keep: 1, rate: rate / (1 - o.power1), root: 1 / math.Sqrt(1-o.power2), eps: o.Eps}
	for _, t := range tensors {
		s := s
		if !t.Vector {
			s.keep = 1 - float64(rate*o.Decay)
		}
		w.each((len(t.Grad)+blockLen-1)/blockLen, 1, func(_, lo, hi int) {
			lo, hi = lo*blockLen, min(hi*blockLen, len(t.Grad))
			apply(&s, t.Data[lo:hi], t.M[lo:hi], t.V[lo:hi], t.Grad[lo:hi])
			clear(t.Grad[lo:hi])
		})
	}
}

// step has the coefficients of an update, which are the same for all elements of a tensor.
type step struct{ by, beta1, beta2, keep, rate, root, eps float64 }

// apply changes the weights x and their moments by the gradient g.
func apply[T real](s *step, x, m, v, g []T) {
	if single[T]() {
		o := grad.AdamW{By: float32(s.by), Beta1: float32(s.beta1), Rest1: float32(1 - s.beta1), Beta2: float32(s.beta2), Rest2: float32(1 - s.beta2),
			Keep: float32(s.keep), Step: float32(s.rate), Root: float32(s.root), Eps: float32(s.eps)}
		o.Update(floats(x), floats(m), floats(v), floats(g))
		return
	}
	by, b1, c1, b2, c2 := T(s.by), T(s.beta1), T(1-s.beta1), T(s.beta2), T(1-s.beta2)
	for i := range g {
		gi := g[i] * by
		m[i] = T(b1*m[i]) + T(c1*gi)
		v[i] = T(b2*v[i]) + T(T(c2*gi)*gi)
		x[i] = T(x[i]*T(s.keep)) - T(T(s.rate)*m[i])/(T(T(math.Sqrt(float64(v[i])))*T(s.root))+T(s.eps))
	}
}

// clearGrads sets all gradients to zero.
func clearGrads[T real](tensors []*Tensor[T]) {
	for _, t := range tensors {
		clear(t.Grad)
	}
}

// restore sets o to its state after the given number of updates.
func (o *AdamW) restore(updates int) {
	o.Updates, o.power1, o.power2 = updates, 1, 1
	for range updates {
		o.power1, o.power2 = o.power1*o.Beta1, o.power2*o.Beta2
	}
}
