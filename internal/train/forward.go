package train

import "alpaca/internal/quant"

// forward evaluates a batch and leaves the hidden states after the last layer in e.x, by the
// same steps as in inference (internal/model/forward.go). It keeps what backward needs in
// e.tape (record). With Checkpointing it keeps only the input of each layer, and backward
// computes the rest again.
func (e *engine[T]) forward(b *Batch) {
	e.begin(b)
	c := &e.m.Config
	for i, id := range b.Tokens {
		row := e.x[i*c.Dim : (i+1)*c.Dim]
		if w := e.m.Embed.Weights; w != nil {
			quant.Decode(w.Type, floats(row), w.Row(int(id)))
		} else {
			copy(row, e.m.Embed.Data[int(id)*c.Dim:])
		}
	}
	if l := &e.m.EmbedLoRA; l.A != nil { // x += Scale·B·A[token]
		r := e.m.Rank
		e.mul(product[T]{dst: e.x, stride: c.Dim, m: b.Len(), n: c.Dim, k: r, a: rows(e.lowOfTokens(), r), b: l.B.matrix().t(), add: true})
	}
	if c.EmbedScale != 0 {
		scale(e.x, T(c.EmbedScale))
	}
	copy(e.tape[0].x0, e.x)
	e.layerInputs()
	for i := range e.m.Layers {
		e.layer(i)
		next := e.x
		if i+1 < len(e.tape) {
			next = e.tape[i+1].x0
		}
		e.finish(i, next)
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

// layer evaluates layer i as far as the backward pass needs it: up to the
// gate of the feed-forward network or, with experts or a post-norm, up to
// the network's output. finish does the rest. With Checkpointing, backward
// calls layer again. It calls finish again only if the layer has a tail (inputs.go).
func (e *engine[T]) layer(i int) {
	l, r, m := &e.m.Layers[i], &e.tape[i], &e.mem

	n := e.normed(r.x0, &l.AttnNorm) // n = RMSNorm(x0) [n, Dim]
	switch {
	case l.Shape.Delta:
		e.deltaRule(l, r, n)
	case l.Shape.Taps > 0:
		e.linear(&l.ConvIn, r.in, n)
		e.convolve(l, r)
	default:
		e.queries(l, r, n) // q, k, v
		e.positions(l, r)
		a := e.attention(l, r)
		a.forward() // o [n, Heads*ValueDim]
		e.gateAttention(r)
	}
	y := m.d // x1 = x0 + O·o
	if l.AttnPostNorm.W != nil {
		y = r.y1
	}
	e.linear(l.mixOut(), y, r.o)
	e.branch(r.x1, r.x0, y, &l.AttnPostNorm)

	n = e.networkInput(l, r) // usually RMSNorm(x1)
	switch {
	case l.Router.W != nil:
		e.experts(l, r, n)
		return
	case l.GateUp.W != nil:
		e.fused(&l.GateUp, n, gateUp(l, &r.g, &r.u)...)
	case l.Gate.W != nil:
		e.linear(&l.Gate, r.g, n)
		e.linear(&l.Up, r.u, n)
	default:
		e.linear(&l.Up, r.u, n)
	}
	if l.FFNPostNorm.W != nil {
		e.linear(&l.Down, r.y2, e.gated(l, r.g, r.u))
	}
}

// finish evaluates the rest of layer i and stores its output in next.
func (e *engine[T]) finish(i int, next []T) {
	l, r := &e.m.Layers[i], &e.tape[i]
	switch {
	case l.Router.W != nil:
		e.addExperts(l, r, next)
	case l.FFNPostNorm.W != nil:
		e.branch(next, r.x1, r.y2, &l.FFNPostNorm)
	default: // x = x1 + Down·f
		e.linear(&l.Down, e.mem.d, e.gated(l, r.g, r.u))
		e.branch(next, r.x1, e.mem.d, &l.FFNPostNorm)
	}
	e.tail(i, next)
}

// normed returns the norm of each row of x, in e.mem.n. It returns x if w is absent.
func (e *engine[T]) normed(x []T, w *Norm[T]) []T {
	if w.W == nil {
		return x
	}
	e.norms(e.mem.n, x, w)
	return e.mem.n
}

// networkInput returns the input of the feed-forward network, after the norm.
func (e *engine[T]) networkInput(l *Layer[T], r *record[T]) []T {
	if l.parallel() {
		return e.normed(r.x0, &l.AttnNorm)
	}
	return e.normed(r.x1, &l.FFNNorm)
}

// norms sets dst to the norm of each row of x. If the weights are shorter than a row, it
// norms each part of that length.
func (e *engine[T]) norms(dst, x []T, w *Norm[T]) {
	d := w.W.Cols
	e.each(len(x)/d, fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if w.Bias != nil {
				layerNorm(dst[i*d:(i+1)*d], x[i*d:(i+1)*d], w.W.Data, w.Bias.Data, e.m.Config.NormEps)
			} else {
				norm(dst[i*d:(i+1)*d], x[i*d:(i+1)*d], w.W.Data, e.m.Config.NormEps)
			}
		}
	})
}

// branch sets dst to x + y. It first applies the norm w and the factor of all branches
// to y, if the model has them. It overwrites e.mem.d. y may be e.mem.d itself.
func (e *engine[T]) branch(dst, x, y []T, w *Norm[T]) {
	if w.W != nil {
		e.norms(e.mem.d, y, w)
		y = e.mem.d
	}
	d, by := e.m.Config.Dim, T(e.m.Config.ResidualScale)
	e.each(len(x)/d, fewRows, func(_, lo, hi int) {
		if by != 0 {
			scale(y[lo*d:hi*d], by)
		}
		sumOf(dst[lo*d:hi*d], x[lo*d:hi*d], y[lo*d:hi*d])
	})
}

// gated returns act(g)·u, or act(u) without a gate, in e.mem.f.
func (e *engine[T]) gated(l *Layer[T], g, u []T) []T {
	d := l.Shape.FFNDim
	f := e.mem.f[:len(u)]
	e.each(len(u)/d, fewRows, func(_, lo, hi int) {
		if len(g) == 0 {
			activate(e.m.Config.Activation, f[lo*d:hi*d], u[lo*d:hi*d])
		} else {
			activateMul(e.m.Config.Activation, f[lo*d:hi*d], g[lo*d:hi*d], u[lo*d:hi*d])
		}
	})
	return f
}

// fused multiplies n by l, which has the rows of several matrices, and splits the product
// into parts.
func (e *engine[T]) fused(l *Linear[T], n []T, parts ...field[T]) {
	wide := e.mem.wide[:len(n)/l.W.Cols*l.W.Rows]
	e.linear(l, wide, n)
	e.split(wide, parts, false)
}

// split copies the columns of wide to parts. If join is true, it copies parts to wide.
func (e *engine[T]) split(wide []T, parts []field[T], join bool) {
	cols := 0
	for _, p := range parts {
		cols += p.cols
	}
	e.each(len(wide)/cols, fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			row := wide[i*cols : (i+1)*cols]
			for _, p := range parts {
				part := (*p.data)[i*p.cols : (i+1)*p.cols]
				if join {
					copy(row, part)
				} else {
					copy(part, row)
				}
				row = row[p.cols:]
			}
		}
	})
}

// gateUp returns the parts of a matrix that has gate and up.
func gateUp[T real](l *Layer[T], g, u *[]T) []field[T] {
	return []field[T]{{g, l.Shape.FFNDim}, {u, l.Shape.FFNDim}}
}
