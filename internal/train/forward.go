package train

import "alpaca/internal/quant"

// forward evaluates a batch and leaves the hidden states after the last layer in e.x. What
// backward needs is kept in e.tape: 4·Dim + 2·KVHeads·HeadDim + 2·FFNDim numbers for a
// token and layer, or with Checkpointing Dim; the rest is computed again.
func (e *engine[T]) forward(b *Batch) {
	e.begin(b)
	s := &e.m.Shape
	for i, id := range b.Tokens {
		row := e.x[i*s.Dim : (i+1)*s.Dim]
		if w := e.m.Embed.Weights; w != nil {
			quant.Decode(w.Type, floats(row), w.Row(int(id)))
		} else {
			copy(row, e.m.Embed.Data[int(id)*s.Dim:])
		}
	}
	if l := &e.m.EmbedLoRA; l.A != nil { // x += Scale·B·A[token]
		r := e.m.Rank
		e.mul(product[T]{dst: e.x, stride: s.Dim, m: b.Len(), n: s.Dim, k: r, a: rows(e.lowOfTokens(), r), b: l.B.matrix().t(), add: true})
	}
	copy(e.tape[0].x0, e.x)
	for i := range e.m.Layers {
		r := &e.tape[i]
		e.layer(i)
		next := e.x
		if i+1 < len(e.tape) {
			next = e.tape[i+1].x0
		}
		e.gates(r)                                      // f = silu(g)·u [n, FFNDim]
		e.linear(&e.m.Layers[i].Down, e.mem.d, e.mem.f) // x = x1 + Down·f
		e.sum(next, r.x1, e.mem.d)
	}
}

// lowOfTokens returns Scale·A[token] of the embedding's adapter, [n, rank].
func (e *engine[T]) lowOfTokens() []T {
	l, r := &e.m.EmbedLoRA, e.m.Rank
	low := e.mem.low[:e.batch.Len()*r]
	for i, id := range e.batch.Tokens {
		copy(low[i*r:(i+1)*r], l.A.Data[int(id)*r:])
	}
	scale(low, l.Scale)
	return low
}

// layer evaluates layer i up to the gate of its feed-forward network: all that the
// backward pass needs, which asks for it again where not all is kept.
func (e *engine[T]) layer(i int) {
	l, r := &e.m.Layers[i], &e.tape[i]

	e.norms(e.mem.n, r.x0, l.AttnNorm) // n = RMSNorm(x0) [n, Dim]
	e.linear(&l.Q, r.q, e.mem.n)
	e.linear(&l.K, r.k, e.mem.n)
	e.linear(&l.V, r.v, e.mem.n)
	e.positions(l, r)
	a := e.attention(r)
	a.forward()                  // o [n, Heads*HeadDim]
	e.linear(&l.O, e.mem.d, r.o) // x1 = x0 + O·o
	e.sum(r.x1, r.x0, e.mem.d)

	e.norms(e.mem.n, r.x1, l.FFNNorm) // n = RMSNorm(x1)
	e.linear(&l.Gate, r.g, e.mem.n)
	e.linear(&l.Up, r.u, e.mem.n)
}

// norms sets dst to the RMSNorm of each row of x.
func (e *engine[T]) norms(dst, x []T, w *Tensor[T]) {
	d := w.Cols
	e.each(len(x)/d, fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			norm(dst[i*d:(i+1)*d], x[i*d:(i+1)*d], w.Data, e.m.Eps)
		}
	})
}

// sum sets dst to x + y.
func (e *engine[T]) sum(dst, x, y []T) {
	d := e.m.Dim
	e.each(len(x)/d, fewRows, func(_, lo, hi int) {
		sumOf(dst[lo*d:hi*d], x[lo*d:hi*d], y[lo*d:hi*d])
	})
}

// gates sets f to silu(g)·u.
func (e *engine[T]) gates(r *record[T]) {
	d := e.m.FFNDim
	e.each(len(r.g)/d, fewRows, func(_, lo, hi int) {
		siluMul(e.mem.f[lo*d:hi*d], r.g[lo*d:hi*d], r.u[lo*d:hi*d])
	})
}

// positions turns q and k to their positions, after the norms of their heads where a model
// has these.
func (e *engine[T]) positions(l *Layer[T], r *record[T]) {
	if l.QNorm != nil {
		copy(r.rawQ, r.q)
		copy(r.rawK, r.k)
		e.norms(r.q, r.rawQ, l.QNorm)
		e.norms(r.k, r.rawK, l.KNorm)
	}
	e.rotate(r.q, e.m.Heads, false)
	e.rotate(r.k, e.m.KVHeads, false)
}

// rotate turns all heads of x to their positions, or back.
func (e *engine[T]) rotate(x []T, heads int, back bool) {
	h, pairs := e.m.HeadDim, e.rope.Pairs()
	e.each(e.batch.Len(), fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			pos := int(e.batch.Pos[i])
			cos, sin := e.cos[pos*pairs:(pos+1)*pairs], e.sin[pos*pairs:(pos+1)*pairs]
			if back {
				sin = e.sinBack[pos*pairs : (pos+1)*pairs]
			}
			for head := range heads {
				turn(e.rope, x[(i*heads+head)*h:][:h], cos, sin, e.m.Rope.Halves)
			}
		}
	})
}

func (e *engine[T]) attention(r *record[T]) attention[T] {
	return attention[T]{w: &e.workers, s: &e.m.Shape, docs: e.batch.docs, q: r.q, k: r.k, v: r.v, o: r.o,
		do: e.mem.do, dq: e.mem.dq, dk: e.mem.dk, dv: e.mem.dv, mem: e.att}
}
