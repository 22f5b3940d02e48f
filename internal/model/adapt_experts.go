package model

import (
	"slices"

	"alpaca/internal/ggml"
	"alpaca/internal/ggml/vec"
)

// changedExperts reports whether adapters of the current rows change any of the layer's
// chosen experts.
func (r *Runner) changedExperts(l *Layer) bool {
	if len(r.lora.runs) == 0 {
		return false
	}
	return slices.ContainsFunc(r.router.groups, func(g ggml.Group) bool {
		f := &l.Experts[g.Expert]
		return r.changed(&f.Gate) || r.changed(&f.Up) || r.changed(&f.Down)
	})
}

// expertsApart does what expertsTogether does, for batches with adapters. It computes the products
// one by one, in the order of expertsTogether, so that rows without adapters get the same bits.
func (r *Runner) expertsApart(l *Layer, x, h []float32) {
	c, m := &r.model.Config, &r.router
	rows := m.groups[len(m.groups)-1].Hi
	ffn := r.buf.ffn[:rows*c.ExpertFFN]
	r.prepareExperts(l, x, m.tokens[:rows], false)
	for i := range m.groups { // ffn = act(Gate·x) * (Up·x)
		g := &m.groups[i]
		f := &l.Experts[g.Expert]
		out, up := ffn[g.Lo*c.ExpertFFN:g.Hi*c.ExpertFFN], r.lora.up[:(g.Hi-g.Lo)*c.ExpertFFN]
		r.expertProduct(g, product{&f.Gate, out})
		r.expertProduct(g, product{&f.Up, up})
		if r.err == nil {
			c.Activation.Mul(out, up)
		}
	}
	r.prepareExperts(l, ffn, nil, true)
	for i := range m.groups { // h += weight * (Down·ffn)
		g := &m.groups[i]
		f := &l.Experts[g.Expert]
		out := r.lora.expert[:(g.Hi-g.Lo)*c.Dim]
		r.expertProduct(g, product{&f.Down, out})
		if r.err != nil {
			return
		}
		for row := g.Lo; row < g.Hi; row++ {
			y := out[(row-g.Lo)*c.Dim:][:c.Dim]
			vec.Scale(y, m.weights[row])
			vec.Add(h[m.tokens[row]*c.Dim:][:c.Dim], y)
		}
	}
}

// prepareExperts prepares the given rows of x for products with matrices
// of the chosen experts. These matrices are Down if last is true, and
// Gate and Up otherwise. If rows is nil, it takes all rows in order.
func (r *Runner) prepareExperts(l *Layer, x []float32, rows []int, last bool) {
	if r.err != nil {
		return
	}
	m := &r.router
	first := &l.Experts[0]
	cols := first.Up.W.Cols
	if last {
		cols = first.Down.W.Cols
	}
	m.acts.Want(m.groups[len(m.groups)-1].Hi, cols)
	for i := range m.groups {
		f := &l.Experts[m.groups[i].Expert]
		for j, x := range [...]*Linear{&f.Gate, &f.Up, &f.Down} {
			if last == (j == 2) {
				m.acts.WantType(x.W.Type)
				r.wantChanges(&m.acts, x)
			}
		}
	}
	r.err = m.acts.RunRows(r.pool, x, rows)
}

// expertProduct sets p.out to the product of a group's rows, and applies the adapters of the
// rows' texts.
func (r *Runner) expertProduct(g *ggml.Group, p product) {
	if r.err != nil {
		return
	}
	view := &r.lora.in
	view.View(r.router.acts.Acts(p.l.W.Type), g.Lo, g.Hi)
	r.err = r.matmul.Store(r.pool, ggml.Product{W: &p.l.W, Scale: p.l.Scale, Bias: p.l.Bias, Acts: view, Out: p.out})
	if !r.changed(p.l) {
		return
	}
	tokens := r.router.tokens[g.Lo:g.Hi] // in ascending order
	for _, x := range r.lora.runs {
		lo, _ := slices.BinarySearch(tokens, x.lo)
		hi, _ := slices.BinarySearch(tokens, x.hi)
		if lo < hi {
			rows := p.l.W.Rows
			r.adaptRows(&r.router.acts, run{g.Lo + lo, g.Lo + hi, x.scales}, product{p.l, p.out[lo*rows : hi*rows]})
		}
	}
}
