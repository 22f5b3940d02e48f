package train

import (
	"math"

	"alpaca/internal/ggml"
	"alpaca/internal/model"
)

// blockRows is the number of rows of queries that attention computes at once.
const blockRows = 96

// attention computes the heads of one layer for all documents of a batch. A worker takes
// pairs of a document and a key head, because no two pairs write the same gradients.
type attention[T real] struct {
	w          *workers
	s          *model.LayerConfig
	scale      T // factor of the scores
	cap        T // soft cap of the scores; 0: none
	sinks      []T
	docs       []document
	q, k, v, o []T // q and k have already been rotated; forward writes o
	do         []T // [n, Heads*ValueDim] the gradient of o, which backward reads
	dq, dk, dv []T // the gradients of q, k and v, which backward writes
	dSinks     []T // [docs, Heads] gradients of sinks; nil: not needed
	mem        []attentionMemory[T]
}

// attentionMemory is the scratch memory of one worker.
type attentionMemory[T real] struct {
	scores, dscores, q []T
	slopes             []T // derivatives of the soft cap
	sunk               []T // [rows] probabilities of the sinks
}

// attention returns the attention of a layer, with separate memory for the gradients.
func (e *engine[T]) attention(l *Layer[T], r *record[T]) *attention[T] {
	c, m := &e.m.Config, &e.mem
	kv := e.kvOf(l, r)
	a := &attention[T]{w: &e.workers, s: &l.Shape, scale: T(c.AttnScale), cap: T(c.AttnCap), docs: e.batch.docs, q: r.q, k: kv.k, v: kv.v, o: r.o,
		do: m.do[:len(r.o)], dq: m.dq[:len(r.q)], dk: m.dk[:len(kv.k)], dv: m.dv[:len(kv.v)], mem: e.att}
	if len(r.att) > 0 {
		a.o = r.att
	}
	if a.scale == 0 {
		a.scale = T(1 / math.Sqrt(float64(l.Shape.KeyDim)))
	}
	if l.Sinks != nil {
		a.sinks = l.Sinks.Data
	}
	return a
}

// kvOf returns the record with the keys and values that l attends to. That is r,
// l's own record, or the record of an earlier layer whose keys and values l uses.
func (e *engine[T]) kvOf(l *Layer[T], r *record[T]) *record[T] {
	if of := l.Shape.KVOf; of > 0 {
		return &e.tape[of-1]
	}
	return r
}

func (a *attention[T]) forward()  { a.w.each(len(a.docs)*a.s.NumKVHeads, 1, a.items(false)) }
func (a *attention[T]) backward() { a.w.each(len(a.docs)*a.s.NumKVHeads, 1, a.items(true)) }

func (a *attention[T]) items(back bool) func(worker, lo, hi int) {
	return func(worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			a.head(worker, i/a.s.NumKVHeads, i%a.s.NumKVHeads, back)
		}
	}
}

// head computes all query heads of one key head, in order.
func (a *attention[T]) head(worker, doc, kv int, back bool) {
	d, s := a.docs[doc], a.s
	if back {
		kDim, vDim := s.NumKVHeads*s.KeyDim, s.NumKVHeads*s.ValueDim
		for t := d.lo; t < d.hi; t++ {
			clear(a.dk[t*kDim+kv*s.KeyDim : t*kDim+(kv+1)*s.KeyDim])
			clear(a.dv[t*vDim+kv*s.ValueDim : t*vDim+(kv+1)*s.ValueDim])
		}
	}
	group := s.NumHeads / s.NumKVHeads
	for head := kv * group; head < (kv+1)*group; head++ {
		for lo := d.lo; lo < d.hi; lo += blockRows {
			b := scoreBlock{doc: doc, first: d.lo, lo: lo, hi: min(lo+blockRows, d.hi), head: head, kv: kv}
			if w := s.Window; w > 0 { // leave out the keys before the window of the block's first row: later rows cannot see them, either
				b.first += max(0, lo-w+1-d.lo) / block * block
			}
			b.stride = (b.hi - b.first + block - 1) / block * block
			if a.sinks != nil {
				b.stride += block
			}
			if a.scores(worker, &b); back {
				a.blockBack(worker, &b)
			} else {
				a.blockForward(worker, &b)
			}
		}
	}
}

// scoreBlock is rows lo to hi-1 of a head's scores, for the keys first to hi-1.
type scoreBlock struct{ doc, first, lo, hi, head, kv, stride int }

// scores computes the probabilities of a block: softmax of q·k·scale over the keys that each
// row sees.
func (a *attention[T]) scores(worker int, b *scoreBlock) {
	m, h := &a.mem[worker], a.s.KeyDim
	qDim, kDim := a.s.NumHeads*h, a.s.NumKVHeads*h
	n, keys := b.hi-b.lo, b.hi-b.first
	m.q = ggml.Grow(m.q, n*h)
	m.scores = ggml.Grow(m.scores, n*b.stride)
	if a.cap != 0 {
		m.slopes = ggml.Grow(m.slopes, n*b.stride)
	}
	m.sunk = ggml.Grow(m.sunk, n)
	for i := range n {
		copy(m.q[i*h:(i+1)*h], a.q[(b.lo+i)*qDim+b.head*h:])
	}
	scale(m.q, a.scale)
	p := product[T]{dst: m.scores, stride: b.stride, m: n, n: keys, k: h, padded: true,
		a: rows(m.q, h), b: rows(a.k[b.first*kDim+b.kv*h:], kDim).t()}
	p.run(a.w, worker)
	for i := range n {
		row := m.scores[i*b.stride : (i+1)*b.stride]
		seen := b.lo + i - b.first + 1
		whole := (seen + block - 1) / block * block
		if a.cap != 0 {
			softCap(row[:seen], m.slopes[i*b.stride:(i+1)*b.stride], a.cap)
		}
		if a.s.Window > 0 {
			hide(row[:max(0, seen-a.s.Window)])
		}
		if a.sinks == nil {
			hide(row[seen:whole])
			softmax(row[:whole])
		} else {
			hide(row[seen : whole+block])
			row[whole] = a.sinks[b.head]
			softmax(row[:whole+block])
			m.sunk[i] = row[whole]
		}
		clear(row[whole:])
	}
}

// hide sets scores to -Inf, so that softmax gives these positions 0.
func hide[T real](scores []T) {
	for j := range scores {
		scores[j] = T(math.Inf(-1))
	}
}

// blockForward sets o = P·v.
func (a *attention[T]) blockForward(worker int, b *scoreBlock) {
	m, h := &a.mem[worker], a.s.ValueDim
	oDim, vDim := a.s.NumHeads*h, a.s.NumKVHeads*h
	p := product[T]{dst: a.o[b.lo*oDim+b.head*h:], stride: oDim, m: b.hi - b.lo, n: h, k: b.hi - b.first,
		a: rows(m.scores, b.stride), b: rows(a.v[b.first*vDim+b.kv*h:], vDim)}
	p.run(a.w, worker)
}

// blockBack is the derivative of a block, with P recomputed:
//
//	dv += Pᵀ·do    dS = P⊙(do·vᵀ - δ)    δ = Σ do·o    dq = dS·k·scale    dk += dSᵀ·q·scale
//
// The gradient of a sink's score is -Σ p·δ, with the sink's probability p.
func (a *attention[T]) blockBack(worker int, b *scoreBlock) {
	m, s := &a.mem[worker], a.s
	kDim, vDim, oDim := s.NumKVHeads*s.KeyDim, s.NumKVHeads*s.ValueDim, s.NumHeads*s.ValueDim
	n, keys := b.hi-b.lo, b.hi-b.first
	do := rows(a.do[b.lo*oDim+b.head*s.ValueDim:], oDim)
	k, dk := a.k[b.first*kDim+b.kv*s.KeyDim:], a.dk[b.first*kDim+b.kv*s.KeyDim:]
	v, dv := a.v[b.first*vDim+b.kv*s.ValueDim:], a.dv[b.first*vDim+b.kv*s.ValueDim:]
	p := rows(m.scores, b.stride)
	mul := func(p product[T]) { p.run(a.w, worker) }
	mul(product[T]{dst: dv, stride: vDim, m: keys, n: s.ValueDim, k: n, a: p.t(), b: do, add: true})
	m.dscores = ggml.Grow(m.dscores, n*b.stride)
	mul(product[T]{dst: m.dscores, stride: b.stride, m: n, n: keys, k: s.ValueDim, a: do, b: rows(v, vDim).t(), padded: true})
	for i := range n {
		at := (b.lo+i)*oDim + b.head*s.ValueDim
		delta := dot3(a.do[at:at+s.ValueDim], a.o[at:at+s.ValueDim], nil)
		prob, ds := m.scores[i*b.stride:][:keys], m.dscores[i*b.stride:][:keys]
		scoresBack(ds, prob, delta)
		if a.cap != 0 {
			seen := b.lo + i - b.first + 1
			for j, slope := range m.slopes[i*b.stride:][:seen] {
				ds[j] *= slope
			}
		}
		if a.dSinks != nil {
			a.dSinks[b.doc*s.NumHeads+b.head] -= T(m.sunk[i] * delta)
		}
	}
	ds := rows(m.dscores, b.stride)
	qDim := s.NumHeads * s.KeyDim
	dq := a.dq[b.lo*qDim+b.head*s.KeyDim:]
	mul(product[T]{dst: dq, stride: qDim, m: n, n: s.KeyDim, k: keys, a: ds, b: rows(k, kDim)})
	for i := range n {
		scale(dq[i*qDim:i*qDim+s.KeyDim], a.scale)
	}
	mul(product[T]{dst: dk, stride: kDim, m: keys, n: s.KeyDim, k: n, a: ds.t(), b: rows(m.q, s.KeyDim), add: true})
}
