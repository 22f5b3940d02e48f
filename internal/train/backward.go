package train

// backward takes the gradient of the hidden states after the last layer in e.x, and adds
// to the gradients of all trainable tensors of the layers and the embedding: forward read
// from the end.
func (e *engine[T]) backward() {
	s, m := &e.m.Shape, &e.mem
	for i := len(e.m.Layers) - 1; i >= 0; i-- {
		l, r := &e.m.Layers[i], &e.tape[i]

		if e.Checkpointing && i < len(e.m.Layers)-1 {
			e.layer(i) // the last layer's is still there
		}
		e.gates(r)
		e.linearBack(&l.Down, e.x, m.f, m.df, false)
		e.gatesBack(r) // df becomes the gradient of u, f that of g
		e.norms(m.n, r.x1, l.FFNNorm)
		e.linearBack(&l.Gate, m.f, m.n, m.d, false)
		e.linearBack(&l.Up, m.df, m.n, m.d, true)
		e.normsBack(e.x, r.x1, m.d, l.FFNNorm, false) // e.x is now the gradient of x1

		e.linearBack(&l.O, e.x, r.o, m.do, false)
		a := e.attention(r)
		a.backward()
		e.positionsBack(l, r)
		e.norms(m.n, r.x0, l.AttnNorm)
		dx := m.d
		if i == 0 && !e.m.Embed.Trainable() && e.m.EmbedLoRA.A == nil && !l.AttnNorm.Trainable() {
			dx = nil // nothing below learns
		}
		e.linearBack(&l.Q, m.dq, m.n, dx, false)
		e.linearBack(&l.K, m.dk, m.n, dx, true)
		e.linearBack(&l.V, m.dv, m.n, dx, true)
		if dx != nil {
			e.normsBack(e.x, r.x0, m.d, l.AttnNorm, false)
		}
	}
	if e.m.EmbedLoRA.A != nil {
		e.embedAdapterBack()
	}
	if !e.m.Embed.Trainable() {
		return
	}
	for i, id := range e.batch.Tokens {
		row := e.embedGrads[id]
		if row == nil {
			row = make([]T, s.Dim)
			e.embedGrads[id] = row
		}
		addTo(row, e.x[i*s.Dim:(i+1)*s.Dim])
	}
}

// embedAdapterBack adds to the gradients of the embedding's adapter.
func (e *engine[T]) embedAdapterBack() {
	l, r, d, n := &e.m.EmbedLoRA, e.m.Rank, e.m.Dim, e.batch.Len()
	low := e.lowOfTokens()
	e.mul(product[T]{dst: l.B.Grad, stride: r, m: d, n: r, k: n, a: rows(e.x, d).t(), b: rows(low, r), add: true})
	dlow := e.mem.dlow[:n*r]
	e.mul(product[T]{dst: dlow, stride: r, m: n, n: r, k: d, a: rows(e.x, d), b: l.B.matrix()})
	scale(dlow, l.Scale)
	for i, id := range e.batch.Tokens {
		addTo(l.A.Grad[int(id)*r:(int(id)+1)*r], dlow[i*r:(i+1)*r])
	}
}

// finishEmbedding adds the gradients of the rows that were read to the embedding's: after
// those of the head where both are one, so that cutting an update into batches changes
// nothing.
func (e *engine[T]) finishEmbedding() {
	d := e.m.Dim
	for id, row := range e.embedGrads {
		addTo(e.m.Embed.Grad[int(id)*d:(int(id)+1)*d], row)
	}
	clear(e.embedGrads)
}

// gatesBack turns df, the gradient of f, into that of u, and f into that of g.
func (e *engine[T]) gatesBack(r *record[T]) {
	d, m := e.m.FFNDim, &e.mem
	e.each(len(r.g)/d, fewRows, func(_, lo, hi int) {
		lo, hi = lo*d, hi*d
		siluBack(m.f[lo:hi], m.df[lo:hi], r.g[lo:hi], r.u[lo:hi], m.sig[lo:hi])
	})
}

// normsBack adds to dx, or sets it if fresh, what the norm's input x gets of dy, and adds
// to the gradient of its weights.
func (e *engine[T]) normsBack(dx, x, dy []T, w *Tensor[T], fresh bool) {
	d := w.Cols
	n := len(x) / d
	rho := e.mem.rho[:n]
	e.each(n, fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			at, to := i*d, (i+1)*d
			rho[i] = normBack(dx[at:to], x[at:to], w.Data, dy[at:to], e.m.Eps, fresh)
		}
	})
	if !w.Trainable() {
		return
	}
	e.each(d, 64, func(_, lo, hi int) {
		for i, r := range rho {
			mulAdd(w.Grad[lo:hi], dy[i*d+lo:i*d+hi], x[i*d+lo:i*d+hi], r)
		}
	})
}

// positionsBack turns dq and dk back, and through the norms of their heads.
func (e *engine[T]) positionsBack(l *Layer[T], r *record[T]) {
	m := &e.mem
	e.rotate(m.dq, e.m.Heads, true)
	e.rotate(m.dk, e.m.KVHeads, true)
	if l.QNorm == nil {
		return
	}
	// q and k are not needed any more: their memory is for what comes before the norms.
	e.normsBack(r.q, r.rawQ, m.dq, l.QNorm, true)
	e.normsBack(r.k, r.rawK, m.dk, l.KNorm, true)
	copy(m.dq, r.q)
	copy(m.dk, r.k)
}
