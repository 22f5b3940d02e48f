package model

import (
	"alpaca/internal/ggml"
	"alpaca/internal/ggml/vec"
)

// router holds what a mixture of experts needs for a batch. Its rows are pairs of a token
// and an expert that it uses, by expert and then by token.
type router struct {
	scores  []float32 // [batch, NumExperts]
	best    []int     // [NumUsed] scratch: the experts of a token, best first
	chosen  []int     // [batch, NumUsed] the experts of each token, best first
	share   []float32 // [batch, NumUsed] their weights
	tokens  []int     // [rows]
	weights []float32 // [rows]
	groups  []ggml.Group
	ends    []int        // [NumExperts] row behind the last of each expert
	acts    ggml.Prepare // of the rows
	matmul  ggml.Experts
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
}

// bytes returns the memory in use.
func (m *router) bytes() int {
	return 4*(len(m.scores)+len(m.share)+len(m.weights)) + 8*(len(m.chosen)+len(m.tokens)) + m.acts.Bytes() + m.matmul.Bytes()
}

// experts adds to h [n, Dim] what a mixture of feed-forward networks gives: each token
// uses the NumUsed that its router scores best, weighted by the softmax of their scores.
// A token's experts are added in the order of their numbers, whichever other tokens use
// them; an expert that all tokens use is added last.
func (r *Runner) experts(l *Layer, h []float32) {
	c := &r.model.Config
	n := len(h) / c.Dim
	scores := r.router.scores[:n*c.NumExperts]
	x := r.normedRows(n * c.Dim)
	r.prepareTo(x, h, l.FFNNorm, &l.Router)
	r.products(product{&l.Router, scores})
	if r.err != nil {
		return
	}
	for i := range n {
		at := i * c.NumUsed
		r.router.choose(c, scores[i*c.NumExperts:(i+1)*c.NumExperts], r.router.chosen[at:at+c.NumUsed], r.router.share[at:at+c.NumUsed])
	}
	rows := n * c.NumUsed
	r.router.group(rows, c.NumUsed)
	if r.changedExperts(l) {
		r.expertsApart(l, x, h)
	} else {
		r.expertsTogether(l, x, h)
	}
	if l.Shared.Up.W.Rows > 0 {
		r.sharedExpert(l, x, h)
	}
}

// expertsTogether computes the products of all experts that are used as two tasks.
func (r *Runner) expertsTogether(l *Layer, x, h []float32) {
	c, groups := &r.model.Config, r.router.groups
	rows := groups[len(groups)-1].Hi
	ffn := r.buf.ffn[:rows*c.ExpertFFN]
	for i := range groups { // ffn = silu(Gate·x) * (Up·x)
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

// sharedExpert adds to h [n, Dim] the network that all tokens use, by its gate.
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

// choose sets chosen to the experts of a token by its scores, which it spoils, and
// weights to how much each counts. Of equal scores the first counts as better.
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

// group puts the pairs of tokens and experts, of which there are rows, in order, and
// returns a group for each expert that is used.
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

// expert returns l as experts' products take it.
func (l *Linear) expert() ggml.ExpertMatrix {
	return ggml.ExpertMatrix{W: &l.W, Scale: l.Scale, Bias: l.Bias}
}

// runExperts computes products of all groups with the given rows of x, or with all rows
// in order for nil.
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

// collectExperts shows the rows of x [n, Dim] that experts use to whoever wants to see
// them.
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
			r.Collect(f.Name, in, g.Hi-g.Lo, dim)
		}
	}
}
