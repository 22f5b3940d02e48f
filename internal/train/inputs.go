package train

import (
	"math"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
)

// LayerInputs are the weights that compute the layers' own inputs
// (model.LayerInputs). AllInputs stands for LayerInput times the number of layers.
type LayerInputs[T real] struct {
	Tokens *Tensor[T] // [Vocab, AllInputs]; nil: layers have no inputs of their own
	Proj   Linear[T]  // [AllInputs, Dim]
	Norm   Norm[T]    // [LayerInput]
}

// ownInputs are the own inputs of all layers, and their gradients.
type ownInputs[T real] struct {
	x, dx []T // [n, AllInputs]
	raw   []T // [n, AllInputs] x before the norm
}

// layerInputs computes the own inputs of all layers:
//
//	(RMSNorm(Proj·x/√Dim) + √LayerInput·Tokens[id]) / √2
func (e *engine[T]) layerInputs() {
	c, w := &e.m.Config, &e.m.Inputs
	if w.Tokens == nil {
		return
	}
	n := w.Tokens.Cols
	e.own.raw = ggml.Grow(e.own.raw, e.batch.Len()*n)
	e.own.x, e.own.dx = ggml.Grow(e.own.x, len(e.own.raw)), ggml.Grow(e.own.dx, len(e.own.raw))
	e.linear(&w.Proj, e.own.raw, e.tape[0].x0)
	scale(e.own.raw, T(1/math.Sqrt(float64(c.Dim))))
	e.norms(e.own.x, e.own.raw, &w.Norm)
	row := make([]T, n)
	for i, id := range e.batch.Tokens {
		if q := w.Tokens.Weights; q != nil {
			quant.Decode(q.Type, floats(row), q.Row(int(id)))
		} else {
			copy(row, w.Tokens.Data[int(id)*n:])
		}
		scale(row, T(math.Sqrt(float64(c.LayerInput))))
		addTo(e.own.x[i*n:(i+1)*n], row)
	}
	scale(e.own.x, halfRoot[T]())
}

func halfRoot[T real]() T { return T(math.Sqrt(0.5)) }

// inputsBack is the derivative of layerInputs. It adds to e.x, the gradient of the
// embedded tokens, and to the gradients of the tensors in LayerInputs.
func (e *engine[T]) inputsBack() {
	c, w := &e.m.Config, &e.m.Inputs
	if w.Tokens == nil {
		return
	}
	n, d := w.Tokens.Cols, e.own.dx
	scale(d, halfRoot[T]())
	e.normsBack(e.own.x, e.own.raw, d, &w.Norm, true)
	scale(e.own.x, T(1/math.Sqrt(float64(c.Dim))))
	e.linearBack(&w.Proj, e.own.x, e.tape[0].x0, e.x, true)
	if w.Tokens.Trainable() {
		scale(d, T(math.Sqrt(float64(c.LayerInput))))
		for i, id := range e.batch.Tokens {
			addTo(w.Tokens.Grad[int(id)*n:(int(id)+1)*n], d[i*n:(i+1)*n])
		}
	}
}

// hasTail reports whether tail does anything after the feed-forward network.
func (l *Layer[T]) hasTail() bool { return l.InputGate.W != nil || l.OutScale != nil }

// ownRow returns the part of x [n, AllInputs] that belongs to a layer and a token.
func (e *engine[T]) ownRow(x []T, layer, row int) []T {
	p := e.m.Config.LayerInput
	return x[(row*len(e.m.Layers)+layer)*p:][:p]
}

// tail is the last step of a layer. It adds the branch of the layer's own input to x, and
// scales x:
//
//	x = (x + RMSNorm(InputOut·(act(InputGate·x)·input))) · OutScale
func (e *engine[T]) tail(i int, x []T) {
	l, r := &e.m.Layers[i], &e.tape[i]
	if !l.hasTail() {
		return
	}
	copy(r.x2, x)
	if l.InputGate.W != nil {
		e.linear(&l.InputGate, r.own, x)
		e.linear(&l.InputOut, r.y3, e.useOwn(i, r))
		e.branch(x, r.x2, r.y3, &l.InputPostNorm)
	}
	if l.OutScale != nil {
		scale(x, l.OutScale.Data[0])
	}
}

// useOwn returns act(own)·input, in e.mem.f.
func (e *engine[T]) useOwn(i int, r *record[T]) []T {
	p, f := e.m.Config.LayerInput, e.mem.f[:len(r.own)]
	e.each(len(f)/p, fewRows, func(_, lo, hi int) {
		for row := lo; row < hi; row++ {
			activateMul(e.m.Config.Activation, f[row*p:(row+1)*p], r.own[row*p:(row+1)*p], e.ownRow(e.own.x, i, row))
		}
	})
	return f
}

// tailBack is the derivative of tail. It replaces e.x, the gradient of the layer's
// output, by the gradient of x before tail.
func (e *engine[T]) tailBack(i int) {
	l, r, m := &e.m.Layers[i], &e.tape[i], &e.mem
	if l.OutScale != nil {
		scale(e.x, l.OutScale.Data[0])
	}
	if l.InputGate.W == nil {
		return
	}
	f, p := e.useOwn(i, r), e.m.Config.LayerInput
	df := m.df[:len(f)]
	e.linearBack(&l.InputOut, e.branchBack(r.y3, &l.InputPostNorm), f, df, false)
	e.each(len(f)/p, fewRows, func(_, lo, hi int) {
		for row := lo; row < hi; row++ {
			at, to := row*p, (row+1)*p
			activateMulBack(e.m.Config.Activation, f[at:to], df[at:to], r.own[at:to], e.ownRow(e.own.x, i, row), m.sig[at:to])
			copy(e.ownRow(e.own.dx, i, row), df[at:to])
		}
	})
	e.linearBack(&l.InputGate, f, r.x2, e.x, true)
}
