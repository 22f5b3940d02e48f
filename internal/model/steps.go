package model

import "alpaca/internal/ggml"

// These are the steps of forward. If a step fails, usually because of a fault
// in the mapped file, it sets r.err. Then all further steps do nothing.

// product is a matrix product l·x with the activations x that prepare has made ready.
type product struct {
	l   *Linear
	out []float32 // [tokens, rows of l]
}

func (r *Runner) of(p product) ggml.Product {
	return ggml.Product{W: &p.l.W, Scale: p.l.Scale, Bias: p.l.Bias, Acts: r.acts.Acts(p.l.W.Type), Out: p.out}
}

// prepare makes x [rows, cols] ready for products with matrices of cols columns. If norm is not
// nil, it first normalizes x with the weights in norm.
func (r *Runner) prepare(x, norm []float32, matrices ...*Linear) {
	var normed []float32
	if norm != nil && r.Collect != nil {
		normed = r.normedRows(len(x))
	}
	r.prepareTo(normed, x, norm, matrices...)
}

// prepareTo does what prepare does. Unless normed is nil, it also writes the normalized x to
// normed [rows, cols].
func (r *Runner) prepareTo(normed, x, norm []float32, matrices ...*Linear) {
	if r.err != nil {
		return
	}
	cols := 0 // an absent matrix has no columns
	for _, l := range matrices {
		cols = max(cols, l.W.Cols)
	}
	r.acts.Want(len(x)/cols, cols)
	for _, l := range matrices {
		if l.W.Rows == 0 {
			continue
		}
		r.acts.WantType(l.W.Type)
		r.wantChanges(&r.acts, l)
	}
	r.runNorm(x, norm, normed, cols)
	if r.Collect != nil && r.err == nil {
		if norm != nil {
			x = normed
		}
		for _, l := range matrices {
			if l.W.Rows == 0 || l.First > 0 {
				continue // Collect already has x, from the first part of the same tensor
			}
			r.Collect(l.Name, x, len(x)/cols, cols)
		}
	}
}

// runNorm normalizes x [rows, cols] into r.acts. It uses the norm's weights with the changes of
// each row's adapters.
func (r *Runner) runNorm(x, norm, normed []float32, cols int) {
	if !r.changedNorm(norm) {
		r.err = r.acts.Run(r.pool, x, norm, normed)
		return
	}
	r.eachRun(len(x)/cols, func(part run) {
		if r.err == nil {
			r.err = r.acts.RunPart(r.pool, ggml.Part{Lo: part.lo, Hi: part.hi, Src: x, Norm: r.normOf(part, norm), Dst: normed})
		}
	})
}

// normedRows returns memory for n elements of normalized activations.
func (r *Runner) normedRows(n int) []float32 {
	if len(r.buf.normed) < n {
		r.buf.normed = make([]float32, r.batch*r.model.Config.Dim)
	}
	return r.buf.normed[:n]
}

// products computes up to three matrix products and skips absent matrices.
func (r *Runner) products(list ...product) {
	if r.err != nil {
		return
	}
	var all [3]ggml.Product
	n := 0
	for _, p := range list {
		if p.l.W.Rows > 0 {
			all[n] = r.of(p)
			n++
		}
	}
	r.err = r.matmul.Store(r.pool, all[:n]...)
	for _, p := range list {
		r.adapt(&r.acts, p)
	}
}

// addProduct adds l·x to h, row by row. If norm is not nil, it first normalizes l·x with the
// weights in norm.
func (r *Runner) addProduct(h []float32, l *Linear, x, norm []float32) {
	r.prepare(x, nil, l)
	if scale := r.model.Config.ResidualScale; norm != nil || scale != 0 || r.changed(l) {
		out := r.buf.branch
		if r.changed(l) {
			out = r.lora.out // branch may hold the input of the feed-forward network
		}
		out = out[:len(h)]
		r.products(product{l, out})
		r.addBranch(h, out, ggml.Branch{Norm: norm, Scale: scale})
		return
	}
	if r.err == nil {
		r.err = r.matmul.Add(r.pool, r.of(product{l, h}))
	}
}

// addBranch applies the norm, scale and weights in b to y
// [rows, Dim], and adds the result to h. It overwrites y.
func (r *Runner) addBranch(h, y []float32, b ggml.Branch) {
	b.Eps = r.model.Config.NormEps
	dim := r.model.Config.Dim
	if !r.changedNorm(b.Norm) {
		if r.err == nil {
			r.err = r.addBranchTo.Run(r.pool, h, y, dim, b)
		}
		return
	}
	r.eachRun(len(h)/dim, func(x run) {
		part := b
		part.Norm = r.normOf(x, b.Norm)
		if b.Weights != nil {
			part.Weights = b.Weights[x.lo:x.hi]
		}
		if r.err == nil {
			r.err = r.addBranchTo.Run(r.pool, h[x.lo*dim:x.hi*dim], y[x.lo*dim:x.hi*dim], dim, part)
		}
	})
}

// gate sets out [tokens, FFNDim] to the inner state of a feed-forward network,
// act(Gate·x) * (Up·x), or act(Up·x) without a gate.
func (r *Runner) gate(f *FFN, out []float32) {
	switch {
	case r.err != nil:
	case r.changed(&f.Gate) || r.changed(&f.Up):
		r.gateApart(f, out)
	case f.Gate.W.Rows == 0:
		r.err = r.matmul.Act(r.pool, r.model.Config.Activation, r.of(product{&f.Up, out}))
	default:
		r.err = r.matmul.Gate(r.pool, r.model.Config.Activation, r.of(product{&f.Gate, out}), r.of(product{&f.Up, nil}))
	}
}

// setAngles computes the sines and cosines of all rows' positions, for all layers.
func (r *Runner) setAngles(spans []ggml.Span) {
	if r.buf.temper != nil {
		for _, s := range spans {
			for i := range s.N {
				r.buf.temper[s.Row+i] = r.model.Config.Temperature(s.Pos + i)
			}
		}
	}
	for turn, rope := range r.cache.ropes {
		if rope == nil {
			continue
		}
		a, pairs := &r.buf.angles[turn], rope.Pairs()
		for _, s := range spans {
			for i := range s.N {
				at := (s.Row + i) * pairs
				rope.Angles(a.cos[at:at+pairs], a.sin[at:at+pairs], s.Pos+i)
			}
		}
	}
}

// normHeads normalizes each head of q, k and v for which the layer has weights.
func (r *Runner) normHeads(l *Layer, q, k, v []float32, rows int) {
	switch {
	case r.err != nil || l.AttnQNorm == nil && l.AttnKNorm == nil && l.AttnVNorm == nil:
	case r.changedNorm(l.AttnQNorm) || r.changedNorm(l.AttnKNorm):
		r.eachRun(rows, func(x run) {
			for _, heads := range []ggml.NormedHeads{{X: q, W: l.AttnQNorm}, {X: k, W: l.AttnKNorm}} {
				if n := len(heads.X) / rows; r.err == nil { // first q, then k, because normOf has memory for only one norm
					r.err = r.headNorm.Run(r.pool, [3]ggml.NormedHeads{{X: heads.X[x.lo*n : x.hi*n], W: r.normOf(x, heads.W)}})
				}
			}
		})
		if r.err == nil {
			r.err = r.headNorm.Run(r.pool, [3]ggml.NormedHeads{{X: v, W: l.AttnVNorm}})
		}
	default:
		r.err = r.headNorm.Run(r.pool, [3]ggml.NormedHeads{{X: q, W: l.AttnQNorm, Apart: l.normsQ}, {X: k, W: l.AttnKNorm, Apart: l.normsK}, {X: v, W: l.AttnVNorm}})
	}
}

// kvLayer returns where a layer's keys and values are in the cache.
func (r *Runner) kvLayer(layer int) ggml.KVLayer {
	heads := r.model.Config.Layers[layer].NumHeads
	if of := r.model.Config.Layers[layer].KVOf; of > 0 {
		layer = of - 1
	}
	return ggml.KVLayer{
		Format: &r.cache.formats[layer], Recent: r.cache.parts[layer] == Recent, Offset: r.cache.offsets[layer],
		Heads: heads,
	}
}

// storeKV rotates q and k of all rows to their positions, and stores k and v in the cache. If
// k is nil, it only rotates q.
func (r *Runner) storeKV(layer int, spans []ggml.Span, q, k, v []float32) {
	if r.err == nil {
		turn := r.model.Config.Layers[layer].Turn
		a := &r.buf.angles[turn]
		r.err = r.kv.Run(r.pool, ggml.Store{
			KVLayer: r.kvLayer(layer), Spans: spans,
			Rope: r.cache.ropes[turn], Cos: a.cos, Sin: a.sin, QScale: r.buf.temper, Q: q, K: k, V: v,
		})
	}
}

// convolve computes the layer's short convolution. Its input is in [rows, 3*Dim], and its output is
// out [rows, Dim].
func (r *Runner) convolve(layer int, spans []ggml.Span, in, out []float32) {
	if r.err == nil {
		r.err = r.shortConv.Run(r.pool, ggml.Conv{
			KVLayer: r.kvLayer(layer), Spans: spans, Taps: r.model.Weights.Layers[layer].ConvTaps, In: in, Out: out,
		})
	}
}

// attend sets out [rows, NumHeads*ValueDim] to the attention of all rows with the queries q.
func (r *Runner) attend(layer int, spans []ggml.Span, q, out []float32) {
	if r.err != nil {
		return
	}
	c := &r.model.Config
	l, scale := &c.Layers[layer], c.AttnScale
	if scale == 0 {
		scale = attentionScale(l.KeyDim)
	}
	r.err = r.attention.Run(r.pool, ggml.Attend{
		KVLayer: r.kvLayer(layer), Spans: spans,
		Scale: scale, Cap: c.AttnCap, Sinks: r.model.Weights.Layers[layer].AttnSinks, Window: l.Window, Q: q, Out: out,
	})
}
