package train

import "math"

// AdamW is the optimizer (arXiv:1711.05101).
type AdamW struct {
	Beta1, Beta2, Eps float64
	Decay             float64 // of matrices; not of norms and biases
	Clip              float64 // greatest global norm of the gradient, 0 for none

	Updates        int     // that were made
	power1, power2 float64 // Beta1 and Beta2 to the power of Updates, by multiplication
}

// blockLen is how many elements are added up before their sum joins the others.
const blockLen = 4096

// GradNorm returns the global norm of the gradients: sums of blocks in float64, added in
// order.
func gradNorm[T real](w *workers, tensors []*Tensor[T]) float64 {
	var total float64
	var sums []float64
	for _, t := range tensors {
		blocks := (len(t.Grad) + blockLen - 1) / blockLen
		sums = grow(sums, blocks)
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

// update changes the tensors by their gradients, whose global norm is given, and clears
// these:
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
	by := T(clip)
	b1, c1, b2, c2 := T(o.Beta1), T(1-o.Beta1), T(o.Beta2), T(1-o.Beta2)
	step, root, eps := T(rate/(1-o.power1)), T(1/math.Sqrt(1-o.power2)), T(o.Eps)
	for _, t := range tensors {
		keep := T(1)
		if !t.Vector {
			keep = T(1 - float64(rate*o.Decay))
		}
		w.each((len(t.Grad)+blockLen-1)/blockLen, 1, func(_, lo, hi int) {
			lo, hi = lo*blockLen, min(hi*blockLen, len(t.Grad))
			g, m, v, x := t.Grad[lo:hi], t.M[lo:hi], t.V[lo:hi], t.Data[lo:hi]
			for i := range g {
				gi := g[i] * by
				m[i] = T(b1*m[i]) + T(c1*gi)
				v[i] = T(b2*v[i]) + T(T(c2*gi)*gi)
				x[i] = T(x[i]*keep) - T(step*m[i])/(T(T(math.Sqrt(float64(v[i])))*root)+eps)
			}
			clear(g)
		})
	}
}

// clearGrads forgets all gradients.
func clearGrads[T real](tensors []*Tensor[T]) {
	for _, t := range tensors {
		clear(t.Grad)
	}
}

// restore sets the state after that many updates.
func (o *AdamW) restore(updates int) {
	o.Updates, o.power1, o.power2 = updates, 1, 1
	for range updates {
		o.power1, o.power2 = o.power1*o.Beta1, o.power2*o.Beta2
	}
}
