package train

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml"
)

// The gated delta rule (ggml.DeltaNet) and its derivative. Of each head of values, with
// queries q and keys k that are divided by their lengths, and the state M [Key, Value]
// that a document begins with as 0,
//
//	a = e^(A·softplus(alpha + Dt))    β = σ(beta)
//	S = a·M    e = v - Sᵀk    δ = β·e    M = S + k·δᵀ    y = Mᵀq    o = RMSNorm(y)·silu(gate)

// deltaRun is after how many positions a state is kept: those between are computed again.
const deltaRun = 16

// deltaMemory is one worker's.
type deltaMemory[T real] struct {
	q, k, dq, dk     []T // [Key]
	delta, e, de     []T // [Value]
	y, normed, sigma []T
	m, dm            []T // [Key, Value]
	marks            []T // [positions/deltaRun, Key, Value] states before these
	states           []T // [deltaRun+1, Key, Value]
}

// grow makes memory for documents of that many positions.
func (d *deltaMemory[T]) grow(s *ggml.DeltaShape, positions int) {
	for _, b := range []*[]T{&d.q, &d.k, &d.dq, &d.dk} {
		*b = ggml.Grow(*b, s.Key)
	}
	for _, b := range []*[]T{&d.delta, &d.e, &d.de, &d.y, &d.normed, &d.sigma} {
		*b = ggml.Grow(*b, s.Value)
	}
	size := s.Key * s.Value
	d.m, d.dm = ggml.Grow(d.m, size), ggml.Grow(d.dm, size)
	d.marks = ggml.Grow(d.marks, (positions+deltaRun-1)/deltaRun*size)
	d.states = ggml.Grow(d.states, (deltaRun+1)*size)
}

// deltaHead is a head of values in a document.
type deltaHead[T real] struct {
	*deltaMemory[T]
	s    *ggml.DeltaShape
	l    *Layer[T]
	r    *record[T]
	eps  float32
	head int
}

func (e *engine[T]) deltaHead(worker int, l *Layer[T], r *record[T]) deltaHead[T] {
	c := &e.m.Config
	return deltaHead[T]{deltaMemory: &e.delta[worker], s: &c.Delta, l: l, r: r, eps: c.NormEps}
}

// deltaRule sets o to what a gated delta rule gives of n.
func (e *engine[T]) deltaRule(l *Layer[T], r *record[T], n []T) {
	e.linear(&l.QKV, r.in, n)
	e.linear(&l.DeltaGate, r.gate, n)
	e.linear(&l.Alpha, r.alpha, n)
	e.linear(&l.Beta, r.beta, n)
	e.convolveSilu(l, r)
	heads := e.m.Config.Delta.Heads
	e.each(len(e.batch.docs)*heads, 1, func(worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			doc := e.batch.docs[i/heads]
			h := e.deltaHead(worker, l, r)
			h.head = i % heads
			h.grow(h.s, 1)
			clear(h.m)
			for t := doc.lo; t < doc.hi; t++ {
				h.step(t, h.m, h.m)
				h.query(t, h.m)
				norm(h.normed, h.y, l.DeltaNorm.W.Data, h.eps)
				siluMul(r.o[h.at(t):h.at(t)+h.s.Value], r.gate[h.at(t):h.at(t)+h.s.Value], h.normed)
			}
		}
	})
}

// at returns where the head's values are in [n, Heads, Value].
func (h *deltaHead[T]) at(t int) int { return (t*h.s.Heads + h.head) * h.s.Value }

// parts returns the head's queries, keys and values of a position in [n, channels].
func (h *deltaHead[T]) parts(x []T, t int) (q, k, v []T) {
	row := x[t*h.s.Channels():][:h.s.Channels()]
	at, keys := h.head%h.s.KeyHeads*h.s.Key, h.s.KeyHeads*h.s.Key
	return row[at : at+h.s.Key], row[keys+at:][:h.s.Key], row[2*keys+h.head*h.s.Value:][:h.s.Value]
}

// queryScale is what queries of length 1 are multiplied with.
func (h *deltaHead[T]) queryScale() T { return 1 / T(math.Sqrt(float64(h.s.Key))) }

// decay returns a and what its exponent is A times.
func (h *deltaHead[T]) decay(t int) (a, plus T) {
	plus = softplus(h.r.alpha[t*h.s.Heads+h.head] + h.l.Dt.Data[h.head])
	return exp(T(h.l.A.Data[h.head] * plus)), plus
}

// rate returns β.
func (h *deltaHead[T]) rate(t int) T {
	return 1 / (1 + exp(-h.r.beta[t*h.s.Heads+h.head]))
}

// step sets m to the state after position t, before being the one before it, and leaves k,
// e and δ. Both may be the same memory.
func (h *deltaHead[T]) step(t int, m, before []T) {
	_, k, v := h.parts(h.r.mixed, t)
	unit(h.k, k, 1)
	a, _ := h.decay(t)
	copy(m, before)
	scale(m, a)
	clear(h.e)
	n := h.s.Value
	for i, x := range h.k {
		axpy(h.e, m[i*n:(i+1)*n], x)
	}
	beta := h.rate(t)
	for j, x := range h.e {
		h.e[j] = v[j] - x
		h.delta[j] = beta * h.e[j]
	}
	for i, x := range h.k {
		axpy(m[i*n:(i+1)*n], h.delta, x)
	}
}

// query sets y to what the state m gives.
func (h *deltaHead[T]) query(t int, m []T) {
	q, _, _ := h.parts(h.r.mixed, t)
	unit(h.q, q, h.queryScale())
	clear(h.y)
	n := h.s.Value
	for i, x := range h.q {
		axpy(h.y, m[i*n:(i+1)*n], x)
	}
}

// unitEps is added to the squares of a length, as ggml.DeltaNet does.
const unitEps = 1e-6

// unit sets dst to x divided by its length, times by.
func unit[T real](dst, x []T, by T) {
	s := by * T(1/math.Sqrt(float64(squares(x)+unitEps)))
	for i, v := range x {
		dst[i] = v * s
	}
}

func squares[T real](x []T) (sum T) {
	for _, v := range x {
		sum += T(v * v)
	}
	return sum
}

// unitBack adds to dx what the input x of unit gets of dy.
func unitBack[T real](dx, x, dy []T, by T) {
	rho := T(1 / math.Sqrt(float64(squares(x)+unitEps)))
	s := T(T(rho*rho) * dot3(x, dy, nil))
	for i, v := range x {
		dx[i] += T(T(by*rho) * (dy[i] - T(v*s)))
	}
}

// exp returns e^x, the same bits on all CPUs in float32.
func exp[T real](x T) T {
	if single[T]() {
		return T(fmath.Exp32(float32(x)))
	}
	return T(math.Exp(float64(x)))
}

// softplus returns log(1 + e^x).
func softplus[T real](x T) T {
	if !single[T]() {
		return T(math.Log1p(math.Exp(float64(x))))
	}
	if x > 20 { // more than float32 tells from x
		return x
	}
	return T(fmath.Log(1 + fmath.Exp(float64(x))))
}
