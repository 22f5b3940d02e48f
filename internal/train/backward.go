package train

// backward computes the derivatives of forward's steps, in reverse order. When it is
// called, e.x is the gradient of the hidden states after the last layer. backward
// adds to the gradients of all trainable tensors of the layers and of the embedding's
// adapter. It collects the gradients of the embedding itself in e.embedGrads.
func (e *engine[T]) backward() {
	c := &e.m.Config
	for i := len(e.m.Layers) - 1; i >= 0; i-- {
		if e.Checkpointing && i < len(e.m.Layers)-1 {
			e.layer(i) // the last layer's record is still in e.shared
			if e.m.Layers[i].hasTail() {
				e.finish(i, e.mem.d4)
			}
		}
		e.tailBack(i)
		e.networkBack(i) // e.x is now the gradient of x1
		e.mixBack(i)     // e.x is now the gradient of x0
	}
	e.inputsBack()
	if c.EmbedScale != 0 {
		scale(e.x, T(c.EmbedScale))
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
			row = make([]T, c.Dim)
			e.embedGrads[id] = row
		}
		addTo(row, e.x[i*c.Dim:(i+1)*c.Dim])
	}
}

// networkBack is the derivative of a layer's feed-forward network. If the
// network reads the same input as attention, networkBack sets e.mem.d2 to
// what the network contributes to the gradient of that input.
func (e *engine[T]) networkBack(i int) {
	l, r, m := &e.m.Layers[i], &e.tape[i], &e.mem
	if l.Router.W != nil {
		e.expertsBack(l, r)
	} else {
		f := e.gated(l, r.g, r.u)
		df := m.df[:len(f)]
		e.linearBack(&l.Down, e.branchBack(r.y2, &l.FFNPostNorm), f, df, false)
		e.gatedBack(l, f, df, r.g, r.u) // df becomes the gradient of u, and f becomes the gradient of g
		n := e.networkInput(l, r)
		switch {
		case l.GateUp.W != nil:
			wide := m.wide[:2*len(f)]
			e.split(wide, gateUp(l, &f, &df), true)
			e.linearBack(&l.GateUp, wide, n, m.d, false)
		case l.Gate.W != nil:
			e.linearBack(&l.Gate, f, n, m.d, false)
			e.linearBack(&l.Up, df, n, m.d, true)
		default:
			e.linearBack(&l.Up, df, n, m.d, false)
		}
	}
	switch {
	case l.parallel():
		copy(m.d2, m.d)
	case l.FFNNorm.W != nil:
		e.normsBack(e.x, r.x1, m.d, &l.FFNNorm, false)
	default:
		e.add(e.x, m.d)
	}
}

// mixBack is the derivative of attention, of the gated delta rule or of the convolution,
// with their norms.
func (e *engine[T]) mixBack(i int) {
	l, r, m := &e.m.Layers[i], &e.tape[i], &e.mem
	do := m.do[:len(r.o)]
	e.linearBack(l.mixOut(), e.branchBack(r.y1, &l.AttnPostNorm), r.o, do, false)
	dx := m.d
	if i == 0 && !e.m.Embed.Trainable() && e.m.EmbedLoRA.A == nil && !l.AttnNorm.trainable() {
		dx = nil // nothing before this layer is trained
	}
	switch {
	case l.Shape.Delta:
		e.deltaRuleBack(l, r, do)
		n := e.normed(r.x0, &l.AttnNorm)
		e.linearBack(&l.QKV, r.in, n, dx, false)
		e.linearBack(&l.DeltaGate, r.gate, n, dx, true)
		e.linearBack(&l.Alpha, r.alpha, n, dx, true)
		e.linearBack(&l.Beta, r.beta, n, dx, true)
	case l.Shape.Taps > 0:
		e.convolveBack(l, r, do)
		e.linearBack(&l.ConvIn, r.in, e.normed(r.x0, &l.AttnNorm), dx, false)
	default:
		e.attentionBack(l, r, do, dx)
	}
	if dx == nil {
		return
	}
	if l.parallel() {
		e.add(dx, m.d2)
	}
	if l.AttnNorm.W != nil {
		e.normsBack(e.x, r.x0, dx, &l.AttnNorm, false)
	} else {
		e.add(e.x, dx)
	}
}

// attentionBack is the derivative of attention. It sets dx to the gradient of attention's input.
// The parameter do is the gradient of attention's result.
func (e *engine[T]) attentionBack(l *Layer[T], r *record[T], do, dx []T) {
	m := &e.mem
	e.gateAttentionBack(r, do)
	a := e.attention(l, r)
	if l.Sinks.Trainable() {
		a.dSinks = make([]T, len(e.batch.docs)*l.Shape.NumHeads)
	}
	a.backward()
	for i, d := range a.dSinks {
		l.Sinks.Grad[i%l.Shape.NumHeads] += d
	}
	dq, dk, dv := a.dq, a.dk, a.dv
	if kv := e.kvOf(l, r); l.Shape.KVOf > 0 {
		// Keep dk and dv until backward reaches the earlier layer that computed k and v.
		addTo(kv.laterK, dk)
		addTo(kv.laterV, dv)
	} else if len(r.laterK) > 0 {
		addTo(dk, r.laterK)
		addTo(dv, r.laterV)
	}
	e.positionsBack(l, r, dq, dk, dv)
	n := e.normed(r.x0, &l.AttnNorm)
	if l.QKV.W != nil {
		wide := m.wide[:len(dq)+len(dk)+len(dv)]
		e.split(wide, qkv(l, &dq, &dk, &dv), true)
		e.linearBack(&l.QKV, wide, n, dx, false)
		return
	}
	if e.m.Config.GatedQuery {
		wide := m.wide[:2*len(dq)]
		e.split(wide, headGates(l, &dq, &r.gates), true)
		dq = wide
	}
	e.linearBack(&l.Q, dq, n, dx, false)
	if l.K.W == nil {
		return
	}
	if l.V.W == nil {
		addTo(dk, dv)
	}
	e.linearBack(&l.K, dk, n, dx, true)
	if l.V.W != nil {
		e.linearBack(&l.V, dv, n, dx, true)
	}
}

// branchBack returns the gradient of y. forward applies the norm w and the factor of all branches
// to y before it adds y to the hidden states.
func (e *engine[T]) branchBack(y []T, w *Norm[T]) []T {
	dy := e.x
	if by := T(e.m.Config.ResidualScale); by != 0 {
		dy = e.mem.d3
		copy(dy, e.x)
		scale(dy, by)
	}
	if w.W != nil {
		e.normsBack(e.mem.d4, y, dy, w, true)
		dy = e.mem.d4
	}
	return dy
}

// add adds y to x.
func (e *engine[T]) add(x, y []T) {
	d := e.m.Config.Dim
	e.each(len(x)/d, fewRows, func(_, lo, hi int) { addTo(x[lo*d:hi*d], y[lo*d:hi*d]) })
}

// embedAdapterBack adds to the gradients of the embedding's adapter.
func (e *engine[T]) embedAdapterBack() {
	l, r, d, n := &e.m.EmbedLoRA, e.m.Rank, e.m.Config.Dim, e.batch.Len()
	low := e.lowOfTokens()
	e.mul(product[T]{dst: l.B.Grad, stride: r, m: d, n: r, k: n, a: rows(e.x, d).t(), b: rows(low, r), add: true})
	dlow := e.mem.dlow[:n*r]
	e.mul(product[T]{dst: dlow, stride: r, m: n, n: r, k: d, a: rows(e.x, d), b: l.B.matrix()})
	scale(dlow, l.Scale)
	for i, id := range e.batch.Tokens {
		addTo(l.A.Grad[int(id)*r:(int(id)+1)*r], dlow[i*r:(i+1)*r])
	}
}

// finishEmbedding adds e.embedGrads to the gradient of the embedding, once per update. If the
// embedding is also the output matrix, the gradients from the output have been added before this
// call. So the order of each sum, and therefore the result, does not depend on the size of the
// micro-batches.
func (e *engine[T]) finishEmbedding() {
	d := e.m.Config.Dim
	for id, row := range e.embedGrads {
		addTo(e.m.Embed.Grad[int(id)*d:(int(id)+1)*d], row)
	}
	clear(e.embedGrads)
}

// gatedBack replaces df, the gradient of f, by the gradient of u. It replaces f by the
// gradient of g; without a gate it leaves f alone.
func (e *engine[T]) gatedBack(l *Layer[T], f, df, g, u []T) {
	d, sig := l.Shape.FFNDim, e.mem.sig
	e.each(len(u)/d, fewRows, func(_, lo, hi int) {
		lo, hi = lo*d, hi*d
		if len(g) == 0 {
			activateBack(e.m.Config.Activation, df[lo:hi], u[lo:hi], sig[lo:hi])
		} else {
			activateMulBack(e.m.Config.Activation, f[lo:hi], df[lo:hi], g[lo:hi], u[lo:hi], sig[lo:hi])
		}
	})
}

// normsBack adds the gradient of the norm's input x to dx, or sets dx if fresh is true. It also
// adds to the gradient of the norm's weights.
func (e *engine[T]) normsBack(dx, x, dy []T, w *Norm[T], fresh bool) {
	d := w.W.Cols
	n := len(x) / d
	rho, mean, eps := e.mem.rho[:n], e.mem.mean[:n], e.m.Config.NormEps
	e.each(n, fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			at, to := i*d, (i+1)*d
			if w.Bias != nil {
				mean[i], rho[i] = layerNormBack(dx[at:to], x[at:to], w.W.Data, dy[at:to], eps, fresh)
			} else {
				rho[i] = normBack(dx[at:to], x[at:to], w.W.Data, dy[at:to], eps, fresh)
			}
		}
	})
	switch {
	case !w.trainable():
	case w.Bias != nil:
		e.each(d, 64, func(_, lo, hi int) {
			for i, r := range rho {
				layerNormGrads(w, lo, dy[i*d+lo:i*d+hi], x[i*d+lo:i*d+hi], mean[i], r)
			}
		})
	default:
		e.each(d, 64, func(_, lo, hi int) {
			for i, r := range rho {
				mulAdd(w.W.Grad[lo:hi], dy[i*d+lo:i*d+hi], x[i*d+lo:i*d+hi], r)
			}
		})
	}
}
