package train

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml"
)

// This file has the gated delta rule (ggml.DeltaNet) and its derivative. Each head of values has
// a state M [Key, Value], which is 0 before a document. With normalized queries q and keys k,
// each position computes:
//
//	a = e^(A·softplus(alpha + Dt))    β = σ(beta)
//	S = a·M    e = v - Sᵀk    δ = β·e    M = S + k·δᵀ    y = Mᵀq    o = RMSNorm(y)·silu(gate)

// deltaRun is the number of positions from one stored state to the next. The backward pass
// recomputes the states in between.
const deltaRun = 16

// deltaMemory is the scratch memory of one worker.
type deltaMemory[T real] struct {
	q, k, dq, dk     []T // [Key]
	delta, e, de     []T // [Value]
	y, normed, sigma []T
	m, dm            []T // [Key, Value]
	marks            []T // [positions/deltaRun, Key, Value] the state before every deltaRun-th position
	states           []T // [deltaRun+1, Key, Value] states of one run
}

// grow makes d large enough for documents of the given number of positions.
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

// deltaHead is the work on one head of values.
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

// deltaRule stores in r.o the output of the gated delta rule for the normed states n.
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

// at returns the index of the head's values of position t in [n, Heads, Value].
func (h *deltaHead[T]) at(t int) int { return (t*h.s.Heads + h.head) * h.s.Value }

// parts returns the head's query, key and value at position t of x [n, channels].
func (h *deltaHead[T]) parts(x []T, t int) (q, k, v []T) {
	row := x[t*h.s.Channels():][:h.s.Channels()]
	at, keys := h.head%h.s.KeyHeads*h.s.Key, h.s.KeyHeads*h.s.Key
	return row[at : at+h.s.Key], row[keys+at:][:h.s.Key], row[2*keys+h.head*h.s.Value:][:h.s.Value]
}

// queryScale is the factor of normalized queries.
func (h *deltaHead[T]) queryScale() T { return 1 / T(math.Sqrt(float64(h.s.Key))) }

// decay returns the decay a = e^(A·plus), and plus = softplus(alpha + Dt).
func (h *deltaHead[T]) decay(t int) (a, plus T) {
	plus = softplus(h.r.alpha[t*h.s.Heads+h.head] + h.l.Dt.Data[h.head])
	return exp(T(h.l.A.Data[h.head] * plus)), plus
}

// rate returns β.
func (h *deltaHead[T]) rate(t int) T {
	return 1 / (1 + exp(-h.r.beta[t*h.s.Heads+h.head]))
}

// step sets m to the state after position t. before is the state before t, which may be
// the same memory as m. step also sets h.k, h.e and h.delta.
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

// query sets h.y to Mᵀq for the state m.
func (h *deltaHead[T]) query(t int, m []T) {
	q, _, _ := h.parts(h.r.mixed, t)
	unit(h.q, q, h.queryScale())
	clear(h.y)
	n := h.s.Value
	for i, x := range h.q {
		axpy(h.y, m[i*n:(i+1)*n], x)
	}
}

// unitEps is added to the square of a length, as in ggml.DeltaNet.
const unitEps = 1e-6

// unit sets dst to by·x/|x|.
func unit[T real](dst, x []T, by T) {
	s := by * T(1/math.Sqrt(float64(dot3(x, x, nil)+unitEps)))
	for i, v := range x {
		dst[i] = v * s
	}
}

// unitBack adds the gradient of unit's input x to dx; dy is the gradient of its output.
func unitBack[T real](dx, x, dy []T, by T) {
	rho := T(1 / math.Sqrt(float64(dot3(x, x, nil)+unitEps)))
	s := T(T(rho*rho) * dot3(x, dy, nil))
	for i, v := range x {
		dx[i] += T(T(by*rho) * (dy[i] - T(v*s)))
	}
}

// exp returns e^x. In float32, it returns the same bits on all CPUs.
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
	if x > 20 { // float32 rounds log(1 + e^x) to x
		return x
	}
	return T(fmath.Log(1 + fmath.Exp(float64(x))))
}

// deltaGrads holds separate gradients of a layer's vectors
// for each head and document, which are then added in order.
type deltaGrads[T real] struct{ a, dt, norm []T }

// deltaRuleBack replaces r.in, r.gate, r.alpha and r.beta by their gradients. The parameter do is
// the gradient of r.o.
func (e *engine[T]) deltaRuleBack(l *Layer[T], r *record[T], do []T) {
	s := &e.m.Config.Delta
	items := len(e.batch.docs) * s.Heads
	g := deltaGrads[T]{make([]T, items), make([]T, items), make([]T, items*s.Value)}
	dMixed := e.mem.wide[:len(r.mixed)]
	clear(dMixed)
	// One worker computes all heads of values that share a query and a key, in order.
	e.each(len(e.batch.docs)*s.KeyHeads, 1, func(worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			doc := e.batch.docs[i/s.KeyHeads]
			for head := i % s.KeyHeads; head < s.Heads; head += s.KeyHeads {
				h := e.deltaHead(worker, l, r)
				h.head = head
				item := i/s.KeyHeads*s.Heads + head
				h.back(doc, do, dMixed, deltaGrads[T]{g.a[item : item+1], g.dt[item : item+1], g.norm[item*s.Value : (item+1)*s.Value]})
			}
		}
	})
	for item := range items {
		if l.A.Trainable() {
			l.A.Grad[item%s.Heads] += g.a[item]
		}
		if l.Dt.Trainable() {
			l.Dt.Grad[item%s.Heads] += g.dt[item]
		}
		if l.DeltaNorm.W.Trainable() {
			addTo(l.DeltaNorm.W.Grad, g.norm[item*s.Value:(item+1)*s.Value])
		}
	}
	e.convolveSiluBack(l, r, dMixed)
}

// back is the derivative of the head for one document, from its end to its beginning.
func (h *deltaHead[T]) back(doc document, do, dMixed []T, g deltaGrads[T]) {
	size := h.s.Key * h.s.Value
	h.grow(h.s, doc.hi-doc.lo)
	clear(h.m)
	for t := doc.lo; t < doc.hi; t++ {
		if i := t - doc.lo; i%deltaRun == 0 {
			copy(h.marks[i/deltaRun*size:(i/deltaRun+1)*size], h.m)
		}
		h.step(t, h.m, h.m)
	}
	clear(h.dm)
	for run := (doc.hi - doc.lo - 1) / deltaRun; run >= 0; run-- {
		from := doc.lo + run*deltaRun
		to := min(from+deltaRun, doc.hi)
		state := func(t int) []T { return h.states[(t-from+1)*size : (t-from+2)*size] } // state(t) is the state after t
		copy(state(from-1), h.marks[run*size:(run+1)*size])
		for t := from; t < to; t++ {
			h.step(t, state(t), state(t-1))
		}
		for t := to - 1; t >= from; t-- {
			h.outputBack(t, state(t), do[h.at(t):h.at(t)+h.s.Value], g.norm)
			h.stepBack(t, state(t), state(t-1), dMixed, g)
		}
	}
}

// outputBack adds the gradient of the state m to dm, sets h.dq to the gradient of
// q, and replaces the gate by its gradient. It overwrites dy, the gradient of o.
func (h *deltaHead[T]) outputBack(t int, m, dy, dNorm []T) {
	n := h.s.Value
	h.query(t, m)
	w := h.l.DeltaNorm.W.Data
	norm(h.normed, h.y, w, h.eps)
	gate := h.r.gate[h.at(t) : h.at(t)+n]
	siluBack(h.de, dy, gate, h.normed, h.sigma) // dy becomes the gradient of the norm's output
	copy(gate, h.de)
	rho := normBack(h.de, h.y, w, dy, h.eps, true)
	mulAdd(dNorm, dy, h.y, rho)
	for i, x := range h.q {
		h.dq[i] = dot3(m[i*n:(i+1)*n], h.de, nil)
		axpy(h.dm[i*n:(i+1)*n], h.de, x)
	}
}

// stepBack replaces dm, the gradient of the state after t, by the gradient of the state before
// t. It adds to the gradients of q, k and v, and replaces alpha and beta by their gradients.
func (h *deltaHead[T]) stepBack(t int, m, before, dMixed []T, g deltaGrads[T]) {
	n := h.s.Value
	q, k, _ := h.parts(h.r.mixed, t)
	dq, dk, dv := h.parts(dMixed, t)
	unitBack(dq, q, h.dq, h.queryScale())

	h.step(t, m, before) // sets k, e and δ
	clear(h.de)          // de is first the gradient of δ, and later the gradient of e
	for i, x := range h.k {
		row := h.dm[i*n : (i+1)*n]
		axpy(h.de, row, x)
		h.dk[i] = dot3(row, h.delta, nil)
	}
	beta, at := h.rate(t), t*h.s.Heads+h.head
	h.r.beta[at] = T(dot3(h.de, h.e, nil) * T(beta*(1-beta)))
	scale(h.de, beta)
	addTo(dv, h.de)
	a, plus := h.decay(t)
	var da T
	for i, x := range h.k {
		row, old := h.dm[i*n:(i+1)*n], before[i*n:(i+1)*n]
		h.dk[i] -= T(a * dot3(old, h.de, nil))
		axpy(row, h.de, -x)
		da += dot3(row, old, nil)
	}
	scale(h.dm, a)
	unitBack(dk, k, h.dk, 1)

	da = T(da * a) // da is the gradient of the exponent
	dPlus := T(T(da*h.l.A.Data[h.head]) * (1 / (1 + exp(-(h.r.alpha[at] + h.l.Dt.Data[h.head])))))
	g.a[0] += T(da * plus)
	g.dt[0] += dPlus
	h.r.alpha[at] = dPlus
}
