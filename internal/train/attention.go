package train

import (
	"math"

	"alpaca/internal/ggml"
)

// blockRows is how many rows of queries attention does at once.
const blockRows = 96

// attention is the heads of one layer for all documents of a batch. The items of its work
// are pairs of a document and a key head, whose gradients no other item touches.
type attention[T real] struct {
	w          *workers
	s          *Shape
	docs       []document
	q, k, v, o []T // after positions; o is written by forward
	do         []T // [n, Heads*HeadDim] backward: what comes
	dq, dk, dv []T // and goes
	mem        []attentionMemory[T]
}

// attentionMemory is one worker's.
type attentionMemory[T real] struct{ scores, dscores, q []T }

func (a *attention[T]) forward()  { a.w.each(len(a.docs)*a.s.KVHeads, 1, a.items(false)) }
func (a *attention[T]) backward() { a.w.each(len(a.docs)*a.s.KVHeads, 1, a.items(true)) }

func (a *attention[T]) items(back bool) func(worker, lo, hi int) {
	return func(worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			a.head(worker, a.docs[i/a.s.KVHeads], i%a.s.KVHeads, back)
		}
	}
}

// head does all query heads of one key head, in order.
func (a *attention[T]) head(worker int, d document, kv int, back bool) {
	if back {
		kvDim, h := a.s.KVHeads*a.s.HeadDim, a.s.HeadDim
		for t := d.lo; t < d.hi; t++ {
			clear(a.dk[t*kvDim+kv*h : t*kvDim+(kv+1)*h])
			clear(a.dv[t*kvDim+kv*h : t*kvDim+(kv+1)*h])
		}
	}
	group := a.s.Heads / a.s.KVHeads
	for head := kv * group; head < (kv+1)*group; head++ {
		for lo := d.lo; lo < d.hi; lo += blockRows {
			b := scoreBlock{doc: d.lo, lo: lo, hi: min(lo+blockRows, d.hi), head: head, kv: kv}
			b.stride = (b.hi - d.lo + block - 1) / block * block
			if a.scores(worker, b); back {
				a.blockBack(worker, b)
			} else {
				a.blockForward(worker, b)
			}
		}
	}
}

// scoreBlock is rows lo to hi-1 of a head's scores, for the keys of doc to hi-1.
type scoreBlock struct{ doc, lo, hi, head, kv, stride int }

// scores makes probabilities of a block: softmax of q·k/√HeadDim over the keys up to each
// row's own.
func (a *attention[T]) scores(worker int, b scoreBlock) {
	m, h := &a.mem[worker], a.s.HeadDim
	qDim, kvDim := a.s.Heads*h, a.s.KVHeads*h
	n, keys := b.hi-b.lo, b.hi-b.doc
	m.q = ggml.Grow(m.q, n*h)
	m.scores = ggml.Grow(m.scores, n*b.stride)
	for i := range n {
		copy(m.q[i*h:(i+1)*h], a.q[(b.lo+i)*qDim+b.head*h:])
	}
	scale(m.q, T(1/math.Sqrt(float64(h))))
	p := product[T]{dst: m.scores, stride: b.stride, m: n, n: keys, k: h, padded: true,
		a: rows(m.q, h), b: rows(a.k[b.doc*kvDim+b.kv*h:], kvDim).t()}
	p.run(a.w, worker)
	for i := range n {
		row := m.scores[i*b.stride : (i+1)*b.stride]
		seen := b.lo + i - b.doc + 1
		whole := (seen + block - 1) / block * block
		for j := seen; j < whole; j++ {
			row[j] = T(math.Inf(-1))
		}
		softmax(row[:whole])
		clear(row[whole:])
	}
}

// blockForward sets o = P·v.
func (a *attention[T]) blockForward(worker int, b scoreBlock) {
	m, h := &a.mem[worker], a.s.HeadDim
	qDim, kvDim := a.s.Heads*h, a.s.KVHeads*h
	p := product[T]{dst: a.o[b.lo*qDim+b.head*h:], stride: qDim, m: b.hi - b.lo, n: h, k: b.hi - b.doc,
		a: rows(m.scores, b.stride), b: rows(a.v[b.doc*kvDim+b.kv*h:], kvDim)}
	p.run(a.w, worker)
}

// blockBack is the derivative of a block, with P recomputed:
//
//	dv += Pᵀ·do    dS = P⊙(do·vᵀ - δ)    δ = Σ do·o    dq = dS·k/√h    dk += dSᵀ·q/√h
func (a *attention[T]) blockBack(worker int, b scoreBlock) {
	m, h := &a.mem[worker], a.s.HeadDim
	qDim, kvDim := a.s.Heads*h, a.s.KVHeads*h
	n, keys := b.hi-b.lo, b.hi-b.doc
	do := rows(a.do[b.lo*qDim+b.head*h:], qDim)
	k, v := a.k[b.doc*kvDim+b.kv*h:], a.v[b.doc*kvDim+b.kv*h:]
	dk, dv := a.dk[b.doc*kvDim+b.kv*h:], a.dv[b.doc*kvDim+b.kv*h:]
	p := rows(m.scores, b.stride)
	mul := func(p product[T]) { p.run(a.w, worker) }
	mul(product[T]{dst: dv, stride: kvDim, m: keys, n: h, k: n, a: p.t(), b: do, add: true})
	m.dscores = ggml.Grow(m.dscores, n*b.stride)
	mul(product[T]{dst: m.dscores, stride: b.stride, m: n, n: keys, k: h, a: do, b: rows(v, kvDim).t(), padded: true})
	for i := range n {
		at := (b.lo+i)*qDim + b.head*h
		delta := dot3(a.do[at:at+h], a.o[at:at+h], nil)
		prob, ds := m.scores[i*b.stride:][:keys], m.dscores[i*b.stride:][:keys]
		scoresBack(ds, prob, delta)
	}
	ds := rows(m.dscores, b.stride)
	dq := a.dq[b.lo*qDim+b.head*h:]
	mul(product[T]{dst: dq, stride: qDim, m: n, n: h, k: keys, a: ds, b: rows(k, kvDim)})
	by := T(1 / math.Sqrt(float64(h)))
	for i := range n {
		scale(dq[i*qDim:i*qDim+h], by)
	}
	mul(product[T]{dst: dk, stride: kvDim, m: keys, n: h, k: n, a: ds.t(), b: rows(m.q, h), add: true})
}
