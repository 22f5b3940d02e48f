package train

// deltaGrads is what the heads of all documents add to the gradients of a layer's vectors,
// each apart, so that they are added in the order of documents.
type deltaGrads[T real] struct{ a, dt, norm []T }

// deltaRuleBack replaces in, gate, alpha and beta by their gradients, do being that of o.
func (e *engine[T]) deltaRuleBack(l *Layer[T], r *record[T], do []T) {
	s := &e.m.Config.Delta
	items := len(e.batch.docs) * s.Heads
	g := deltaGrads[T]{make([]T, items), make([]T, items), make([]T, items*s.Value)}
	dMixed := e.mem.wide[:len(r.mixed)]
	clear(dMixed)
	// Heads of values that share queries and keys are one worker's, in order.
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

// back goes through a document from its end.
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
		state := func(t int) []T { return h.states[(t-from+1)*size : (t-from+2)*size] } // behind t
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

// outputBack adds to dm what the state m gets of o's gradient dy, which is lost. It leaves
// the gradient of q in dq, and replaces the gate by its gradient.
func (h *deltaHead[T]) outputBack(t int, m, dy, dNorm []T) {
	n := h.s.Value
	h.query(t, m)
	w := h.l.DeltaNorm.W.Data
	norm(h.normed, h.y, w, h.eps)
	gate := h.r.gate[h.at(t) : h.at(t)+n]
	siluBack(h.de, dy, gate, h.normed, h.sigma) // dy becomes the gradient of the norm's result
	copy(gate, h.de)
	rho := normBack(h.de, h.y, w, dy, h.eps, true)
	mulAdd(dNorm, dy, h.y, rho)
	for i, x := range h.q {
		h.dq[i] = dot3(m[i*n:(i+1)*n], h.de, nil)
		axpy(h.dm[i*n:(i+1)*n], h.de, x)
	}
}

// stepBack takes the gradient of the state behind t in dm, and makes it that of the one
// before. It adds to the gradients of q, k and v, and replaces alpha and beta by theirs.
func (h *deltaHead[T]) stepBack(t int, m, before, dMixed []T, g deltaGrads[T]) {
	n := h.s.Value
	q, k, _ := h.parts(h.r.mixed, t)
	dq, dk, dv := h.parts(dMixed, t)
	unitBack(dq, q, h.dq, h.queryScale())

	h.step(t, m, before) // k, e, δ
	clear(h.de)          // δ's gradient first
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

	da = T(da * a) // of the exponent
	dPlus := T(T(da*h.l.A.Data[h.head]) * (1 / (1 + exp(-(h.r.alpha[at] + h.l.Dt.Data[h.head])))))
	g.a[0] += T(da * plus)
	g.dt[0] += dPlus
	h.r.alpha[at] = dPlus
}

// convolveSilu is the convolution before a gated delta rule:
//
//	mixed[t] = silu(Σ taps[j]·in[t-L+1+j])    j < L
func (e *engine[T]) convolveSilu(l *Layer[T], r *record[T]) {
	n := l.Taps.Rows
	e.each(n, channelRun, func(_, lo, hi int) {
		sigma := make([]T, hi-lo)
		for _, doc := range e.batch.docs {
			for t := doc.lo; t < doc.hi; t++ {
				out := r.mixed[t*n+lo : t*n+hi]
				e.convolved(l, r, out, doc, t, lo)
				sigmoid(sigma, out)
				for i, s := range sigma {
					out[i] *= s
				}
			}
		}
	})
}

// convolved sets out to the sums of the channels from first on.
func (e *engine[T]) convolved(l *Layer[T], r *record[T], out []T, doc document, t, first int) {
	n, taps := l.Taps.Rows, l.Taps.Cols
	clear(out)
	for j := max(0, taps-1-(t-doc.lo)); j < taps; j++ {
		in := r.in[(t-taps+1+j)*n+first:]
		for i := range out {
			out[i] += T(l.Taps.Data[(first+i)*taps+j] * in[i])
		}
	}
}

// convolveSiluBack replaces in by its gradient; d, that of mixed, is lost.
func (e *engine[T]) convolveSiluBack(l *Layer[T], r *record[T], d []T) {
	n, taps := l.Taps.Rows, l.Taps.Cols
	e.each(n, channelRun, func(_, lo, hi int) {
		sum, sigma := make([]T, hi-lo), make([]T, hi-lo)
		for _, doc := range e.batch.docs {
			for t := doc.lo; t < doc.hi; t++ {
				e.convolved(l, r, sum, doc, t, lo)
				sigmoid(sigma, sum)
				row := d[t*n+lo : t*n+hi]
				for i, s := range sigma {
					row[i] *= s + T(T(sum[i]*s)*(1-s))
				}
				for j := max(0, taps-1-(t-doc.lo)); j < taps && l.Taps.Trainable(); j++ {
					in := r.in[(t-taps+1+j)*n+lo:]
					for i, x := range row {
						l.Taps.Grad[(lo+i)*taps+j] += T(x * in[i])
					}
				}
			}
			for t := doc.lo; t < doc.hi; t++ {
				in := r.in[t*n+lo : t*n+hi]
				clear(in)
				for j := taps - 1; j >= 0 && t+taps-1-j < doc.hi; j-- {
					row := d[(t+taps-1-j)*n+lo:]
					for i := range in {
						in[i] += T(l.Taps.Data[(lo+i)*taps+j] * row[i])
					}
				}
			}
		}
	})
}
