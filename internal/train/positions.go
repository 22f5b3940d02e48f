package train

// queries multiplies n by the matrices of the queries, keys and values. The norms of heads come
// later.
func (e *engine[T]) queries(l *Layer[T], r *record[T], n []T) {
	q, k, v := &r.q, &r.k, &r.v
	if l.QNorm.W != nil {
		q = &r.rawQ
	}
	if l.KNorm.W != nil {
		k = &r.rawK
	}
	if l.VNorm.W != nil {
		v = &r.rawV
	}
	switch {
	case l.QKV.W != nil:
		e.fused(&l.QKV, n, qkv(l, q, k, v)...)
		return
	case e.m.Config.GatedQuery:
		wide := e.mem.wide[:2*len(*q)]
		e.linear(&l.Q, wide, n)
		e.split(wide, headGates(l, q, &r.gates), false)
	default:
		e.linear(&l.Q, *q, n)
	}
	if l.K.W == nil { // the layer uses keys and values of an earlier layer
		return
	}
	e.linear(&l.K, *k, n)
	if l.V.W == nil { // values are the keys before norm and rotation
		copy(*v, *k)
		return
	}
	e.linear(&l.V, *v, n)
}

// qkv returns the parts of a matrix that has queries, keys and values.
func qkv[T real](l *Layer[T], q, k, v *[]T) []field[T] {
	s := &l.Shape
	return []field[T]{{q, s.NumHeads * s.KeyDim}, {k, s.NumKVHeads * s.KeyDim}, {v, s.NumKVHeads * s.ValueDim}}
}

// headGates returns the two parts of a head's rows in a
// query matrix: first the head's query, then its gate.
func headGates[T real](l *Layer[T], q, gate *[]T) []field[T] {
	return []field[T]{{q, l.Shape.KeyDim}, {gate, l.Shape.KeyDim}}
}

// positions norms the heads of q, k and v if the model has such norms, and rotates q and k by
// their positions.
func (e *engine[T]) positions(l *Layer[T], r *record[T]) {
	if l.QNorm.W != nil {
		e.norms(r.q, r.rawQ, &l.QNorm)
	}
	if l.KNorm.W != nil {
		e.norms(r.k, r.rawK, &l.KNorm)
	}
	if l.VNorm.W != nil {
		e.norms(r.v, r.rawV, &l.VNorm)
	}
	if t := e.turn(l); t != nil {
		e.rotate(t, r.q, l.Shape.NumHeads, l.Shape.KeyDim, false)
		if l.Shape.KVOf == 0 {
			e.rotate(t, r.k, l.Shape.NumKVHeads, l.Shape.KeyDim, false)
		}
	}
	e.temper(r.q)
}

// positionsBack is the derivative of positions, in place. If the layer
// uses another layer's keys and values, dk and dv stay unchanged.
func (e *engine[T]) positionsBack(l *Layer[T], r *record[T], dq, dk, dv []T) {
	e.temper(dq)
	if t := e.turn(l); t != nil {
		e.rotate(t, dq, l.Shape.NumHeads, l.Shape.KeyDim, true)
		if l.Shape.KVOf == 0 {
			e.rotate(t, dk, l.Shape.NumKVHeads, l.Shape.KeyDim, true)
		}
	}
	// q, k and v are no longer needed, so their memory is used for the gradients before the norms.
	if l.QNorm.W != nil {
		e.normsBack(r.q, r.rawQ, dq, &l.QNorm, true)
		copy(dq, r.q)
	}
	if l.KNorm.W != nil {
		e.normsBack(r.k, r.rawK, dk, &l.KNorm, true)
		copy(dk, r.k)
	}
	if l.VNorm.W != nil {
		e.normsBack(r.v, r.rawV, dv, &l.VNorm, true)
		copy(dv, r.v)
	}
}

// rotate rotates all heads of x by their positions. If back is true, it rotates them back. Each
// head has size elements.
func (e *engine[T]) rotate(t *turning, x []T, heads, size int, back bool) {
	pairs := t.rope.Pairs()
	e.each(e.batch.Len(), fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			pos := int(e.batch.Pos[i])
			cos, sin := t.cos[pos*pairs:(pos+1)*pairs], t.sin[pos*pairs:(pos+1)*pairs]
			if back {
				sin = t.sinBack[pos*pairs : (pos+1)*pairs]
			}
			for head := range heads {
				turn(t.rope, x[(i*heads+head)*size:][:size], cos, sin, t.halves)
			}
		}
	})
}

// If the model has a temperature, temper multiplies queries, or their gradient, by the temperature
// of their positions.
func (e *engine[T]) temper(q []T) {
	if e.m.Config.TempScale == 0 {
		return
	}
	n := len(q) / e.batch.Len()
	for i, pos := range e.batch.Pos {
		scale(q[i*n:(i+1)*n], T(e.m.Config.Temperature(int(pos))))
	}
}

// gateAttention sets o to attention's output times the sigmoid of the gates. Without gates, it does
// nothing.
func (e *engine[T]) gateAttention(r *record[T]) {
	if len(r.gates) == 0 {
		return
	}
	e.each(len(r.o), 1<<12, func(_, lo, hi int) {
		sigmoid(r.o[lo:hi], r.gates[lo:hi])
		for i := lo; i < hi; i++ {
			r.o[i] *= r.att[i]
		}
	})
}

// gateAttentionBack replaces do, the gradient of o, by the gradient of attention's
// output, and the gates by their gradient.
func (e *engine[T]) gateAttentionBack(r *record[T], do []T) {
	if len(r.gates) == 0 {
		return
	}
	e.each(len(do), 1<<12, func(_, lo, hi int) {
		s := r.o[lo:hi] // o is no longer needed
		sigmoid(s, r.gates[lo:hi])
		for i, y := range s {
			at := lo + i
			r.gates[at] = T(do[at]*r.att[at]) * T(y*(1-y))
			do[at] *= y
		}
	})
}
