package model

import (
	"slices"

	"alpaca/internal/ggml"
	"alpaca/internal/ggml/vec"
)

// router has the memory that a mixture of experts needs for a batch. Here a row is a
// pair: a token, and one of its experts. Rows are sorted by expert, and then by token.
type router struct {
	scores  []float32 // [batch, NumExperts]
	best    []int     // [NumUsed] scratch: the experts of a token, best first
	chosen  []int     // [batch, NumUsed] the experts of each token, best first
	share   []float32 // [batch, NumUsed] the weights of those experts
	tokens  []int     // [rows] the token of each row
	weights []float32 // [rows] the weight of each row
	groups  []ggml.Group
	ends    []int        // [NumExperts] the row after the last row of each expert
	acts    ggml.Prepare // activations of the rows
	matmul  ggml.Experts
	sum     []float32 // [batch, Dim] the sum of the experts' outputs, if a norm is applied to it; nil otherwise
}

// reserveExperts allocates the memory for experts, if there are any.
func (r *Runner) reserveExperts() {
	c, workers := &r.model.Config, r.pool.Threads()
	if c.NumExperts == 0 {
		return
	}
	rows := r.batch * c.NumUsed
	r.router = router{
		scores: make([]float32, r.batch*c.NumExperts),
		best:   make([]int, 0, c.NumUsed+1),
		chosen: make([]int, rows), share: make([]float32, rows),
		tokens: make([]int, rows), weights: make([]float32, rows),
		groups: make([]ggml.Group, 0, min(rows, c.NumExperts)),
		ends:   make([]int, c.NumExperts),
	}
	r.router.acts.Reserve(workers, rows, r.model.mostExpertColumns())
	r.router.matmul.Reserve(workers, r.batch)
	if r.model.Weights.sumsExperts() {
		r.router.sum = make([]float32, r.batch*c.Dim)
	}
}

// bytes returns the memory in use.
func (m *router) bytes() int {
	return 4*(len(m.scores)+len(m.share)+len(m.weights)+len(m.sum)) + 8*(len(m.chosen)+len(m.tokens)) + m.acts.Bytes() + m.matmul.Bytes()
}

// experts adds the output of a mixture of experts to h [n, Dim]. Each token uses the
// NumUsed experts with the router's highest scores, weighted by the softmax of the scores.
// The outputs of a token's experts are added in the order of the experts' numbers, so that
// the sum does not depend on other tokens. The shared expert is added last.
func (r *Runner) experts(l *Layer, h []float32) {
	c := &r.model.Config
	n := len(h) / c.Dim
	scores := r.router.scores[:n*c.NumExperts]
	x := r.normedRows(n * c.Dim)
	if l.RouterNorm != nil {
		r.normTo(x, h, l.RouterNorm)
		r.prepare(x, nil, &l.Router)
	} else {
		r.prepareTo(x, h, l.FFNNorm, &l.Router)
	}
	r.products(product{&l.Router, scores})
	if r.err != nil {
		return
	}
	for i := range n {
		at := i * c.NumUsed
		r.router.choose(c, scores[i*c.NumExperts:(i+1)*c.NumExperts], r.router.chosen[at:at+c.NumUsed], r.router.share[at:at+c.NumUsed])
		if l.ExpertsScale != nil {
			for j, e := range r.router.chosen[at : at+c.NumUsed] {
				r.router.share[at+j] *= l.ExpertsScale[e]
			}
		}
	}
	rows := n * c.NumUsed
	r.router.group(rows, c.NumUsed)
	out := h
	if l.ExpertsPostNorm != nil {
		out = r.router.sum[:len(h)]
		clear(out)
	}
	if l.ExpertsNorm != nil {
		r.normTo(x, h, l.ExpertsNorm)
	}
	if r.changedExperts(l) {
		r.expertsApart(l, x, out)
	} else {
		r.expertsTogether(l, x, out)
	}
	switch {
	case l.ExpertsPostNorm != nil:
		r.beside(l, out, h)
	case l.Shared.Up.W.Rows > 0:
		r.sharedExpert(l, x, h)
	}
}

// normTo sets out to RMSNorm(h) [n, Dim].
func (r *Runner) normTo(out, h, norm []float32) {
	if r.err == nil {
		copy(out, h)
		r.normRows(out, norm)
	}
}

// normRows replaces x [n, Dim] by RMSNorm(x). Each row uses
// the norm's weights with the changes of its adapters.
func (r *Runner) normRows(x, norm []float32) {
	dim := r.model.Config.Dim
	each := func(x, norm []float32) {
		if r.err == nil {
			r.err = r.headNorm.Run(r.pool, [3]ggml.NormedHeads{{X: x, W: norm}})
		}
	}
	if !r.changedNorm(norm) {
		each(x, norm)
		return
	}
	r.eachRun(len(x)/dim, func(part run) { each(x[part.lo*dim:part.hi*dim], r.normOf(part, norm)) })
}

// beside adds the outputs of the shared expert and of the chosen experts to h
// [n, Dim]. For each token, sum has the sum of the chosen experts' outputs:
//
//	h += RMSNorm(RMSNorm(Shared(RMSNorm(h))) + RMSNorm(sum))
func (r *Runner) beside(l *Layer, sum, h []float32) {
	ffn, out := r.buf.ffn[:len(h)/r.model.Config.Dim*l.Shared.Up.W.Rows], r.buf.branch[:len(h)]
	r.prepare(h, l.FFNNorm, &l.Shared.Gate, &l.Shared.Up)
	r.gate(&l.Shared, ffn)
	r.prepare(ffn, nil, &l.Shared.Down)
	r.products(product{&l.Shared.Down, out})
	r.normRows(out, l.SharedPostNorm)
	r.normRows(sum, l.ExpertsPostNorm)
	if r.err == nil {
		vec.Add(out, sum)
		r.addBranch(h, out, ggml.Branch{Norm: l.FFNPostNorm})
	}
}

// scaleRouter multiplies the file's factors of the router's
// input by 1/√Dim. The results serve as the weights of a norm.
func (l *Layer) scaleRouter(dim int) {
	if l.RouterNorm != nil {
		vec.Scale(l.RouterNorm, attentionScale(dim))
	}
}

// sumsExperts reports whether some layer normalizes the sum of its experts' outputs.
func (w *Weights) sumsExperts() bool {
	return slices.ContainsFunc(w.Layers, func(l Layer) bool { return l.ExpertsPostNorm != nil })
}

// expertsTogether computes the products of all chosen experts, as two tasks of the pool.
func (r *Runner) expertsTogether(l *Layer, x, h []float32) {
	c, groups := &r.model.Config, r.router.groups
	rows := groups[len(groups)-1].Hi
	ffn := r.buf.ffn[:rows*c.ExpertFFN]
	for i := range groups { // ffn = act(Gate·x) * (Up·x)
		g := &groups[i]
		f := &l.Experts[g.Expert]
		g.Main, g.Up = f.Gate.expert(), f.Up.expert()
	}
	r.collectExperts(l, x)
	r.runExperts(x, r.router.tokens[:rows], ggml.ExpertCall{Act: c.Activation, Out: ffn})
	for i := range groups { // h += weight * (Down·ffn)
		g := &groups[i]
		f := &l.Experts[g.Expert]
		g.Main, g.Up = f.Down.expert(), ggml.ExpertMatrix{}
		if r.Collect != nil {
			r.Collect(f.Down.Name, ffn[g.Lo*c.ExpertFFN:g.Hi*c.ExpertFFN], g.Hi-g.Lo, c.ExpertFFN)
		}
	}
	r.runExperts(ffn, nil, ggml.ExpertCall{Tokens: r.router.tokens, Weights: r.router.weights, Out: h})
}

// sharedExpert adds the output of the shared expert to h [n, Dim], multiplied by its gate.
func (r *Runner) sharedExpert(l *Layer, x, h []float32) {
	n := len(h) / r.model.Config.Dim
	ffn, out := r.buf.ffn[:n*l.Shared.Up.W.Rows], r.buf.branch[:len(h)]
	var weights []float32
	matrices := []*Linear{&l.Shared.Gate, &l.Shared.Up, &l.SharedGate}
	if l.SharedGate.W.Rows == 0 {
		matrices = matrices[:2]
	}
	r.prepare(x, nil, matrices...)
	r.gate(&l.Shared, ffn)
	if l.SharedGate.W.Rows > 0 {
		weights = r.router.scores[:n]
		r.products(product{&l.SharedGate, weights})
		vec.Sigmoid(weights, weights)
	}
	r.prepare(ffn, nil, &l.Shared.Down)
	r.products(product{&l.Shared.Down, out})
	r.addBranch(h, out, ggml.Branch{Weights: weights, Scale: r.model.Config.ResidualScale})
}

// choose sets chosen to the experts of a token, best first. It applies the softmax to the scores of
// all experts, and sets weights to the results for the chosen experts. Unless c.PlainTopK is true,
// it divides the weights by their sum. Finally it multiplies them by c.ExpertScale. Of experts with
// equal scores, the one with the lower number counts as better. choose overwrites scores.
func (m *router) choose(c *Config, scores []float32, chosen []int, weights []float32) {
	best := m.best[:0]
	for e, score := range scores {
		if len(best) == len(chosen) && !(score > scores[best[len(best)-1]]) {
			continue
		}
		i := len(best)
		for best = append(best, e); i > 0 && score > scores[best[i-1]]; i-- {
			best[i] = best[i-1]
		}
		best[i] = e
		best = best[:min(len(best), len(chosen))]
	}
	ggml.Softmax(scores)
	var sum float32
	for i, e := range best {
		chosen[i], weights[i] = e, scores[e]
		sum += scores[e]
	}
	for i := range weights {
		if !c.PlainTopK {
			weights[i] /= sum
		}
		if c.ExpertScale != 1 {
			weights[i] *= c.ExpertScale
		}
	}
}

// group sorts the pairs of a token and an expert, and returns a group for each chosen expert.
func (m *router) group(rows, used int) []ggml.Group {
	clear(m.ends)
	for _, e := range m.chosen[:rows] {
		m.ends[e]++
	}
	m.groups = m.groups[:0]
	at := 0
	for e, n := range m.ends {
		if m.ends[e] = at; n > 0 {
			m.groups = append(m.groups, ggml.Group{Expert: e, Lo: at, Hi: at + n})
		}
		at += n
	}
	for i, e := range m.chosen[:rows] {
		m.tokens[m.ends[e]], m.weights[m.ends[e]] = i/used, m.share[i]
		m.ends[e]++
	}
	return m.groups
}

// expert returns l as a ggml.ExpertMatrix.
func (l *Linear) expert() ggml.ExpertMatrix {
	return ggml.ExpertMatrix{W: &l.W, Scale: l.Scale, Bias: l.Bias}
}

// runExperts computes the products of all groups with the given rows of x. If rows is nil, it
// takes all rows in order.
func (r *Runner) runExperts(x []float32, rows []int, call ggml.ExpertCall) {
	if r.err != nil {
		return
	}
	m := &r.router
	call.Groups, call.Acts = m.groups, &m.acts
	m.acts.Want(m.groups[len(m.groups)-1].Hi, m.groups[0].Main.W.Cols)
	for i := range m.groups {
		m.acts.WantType(m.groups[i].Main.W.Type)
		if up := m.groups[i].Up.W; up != nil {
			m.acts.WantType(up.Type)
		}
	}
	if r.err = m.acts.RunRows(r.pool, x, rows); r.err == nil {
		r.err = m.matmul.Run(r.pool, call)
	}
}

// collectExperts calls Collect with the rows of x [n, Dim] that each chosen expert gets.
func (r *Runner) collectExperts(l *Layer, x []float32) {
	if r.Collect == nil || r.err != nil {
		return
	}
	dim := r.model.Config.Dim
	for _, g := range r.router.groups {
		in := make([]float32, 0, (g.Hi-g.Lo)*dim)
		for _, t := range r.router.tokens[g.Lo:g.Hi] {
			in = append(in, x[t*dim:(t+1)*dim]...)
		}
		for _, f := range []*Linear{&l.Experts[g.Expert].Gate, &l.Experts[g.Expert].Up} {
			if f.First == 0 { // otherwise Gate and Up are in one tensor, for which Collect already has these rows
				r.Collect(f.Name, in, g.Hi-g.Lo, dim)
			}
		}
	}
}
