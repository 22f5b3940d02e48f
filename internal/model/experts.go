package model

import (
	"slices"

	"alpaca/internal/ggml"
)

// router holds what choosing among experts needs: of each token its scores and
// the experts it uses.
type router struct {
	scores []float32 // [batch, NumExperts]
	chosen []int     // scratch of NumExperts
	tokens []int     // scratch of batch: those that use one expert
}

// experts adds to h [n, Dim] what a mixture of feed-forward networks gives: each
// token uses the NumUsed that its router scores best, weighted by the softmax
// of their scores. A token's experts are added in the order of their numbers,
// whichever other tokens use them.
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
		r.choose(scores[i*c.NumExperts : (i+1)*c.NumExperts])
	}
	for e := range l.Experts {
		r.expert(&l.Experts[e], e, x, h, scores)
	}
}

// choose replaces a token's scores by the weights of the experts it uses, which
// sum to 1, and 0 for all others. Of equal scores the first counts as better.
func (r *Runner) choose(scores []float32) {
	used := r.router.chosen[:len(scores)]
	for i := range used {
		used[i] = i
	}
	slices.SortStableFunc(used, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	used = used[:r.model.Config.NumUsed]
	ggml.Softmax(scores)
	var sum float32
	for _, e := range used {
		sum += scores[e]
	}
	for e := range scores {
		if slices.Contains(used, e) {
			scores[e] /= sum
		} else {
			scores[e] = 0
		}
	}
}

// expert adds to h what expert e gives for the tokens that use it.
func (r *Runner) expert(f *FFN, e int, x, h, weights []float32) {
	c := &r.model.Config
	tokens := r.router.tokens[:0]
	for i := range len(h) / c.Dim {
		if weights[i*c.NumExperts+e] != 0 { // NaN as well
			tokens = append(tokens, i)
		}
	}
	if len(tokens) == 0 || r.err != nil {
		return
	}
	n := len(tokens)
	in := r.buf.gathered[:n*c.Dim]
	for i, t := range tokens {
		copy(in[i*c.Dim:(i+1)*c.Dim], x[t*c.Dim:])
	}
	ffn, out := r.buf.ffn[:n*f.Up.W.Rows], in
	r.prepare(in, nil, &f.Gate, &f.Up)
	r.gate(f, ffn)
	r.prepare(ffn, nil, &f.Down)
	r.products(product{&f.Down, out})
	if r.err != nil {
		return
	}
	for i, t := range tokens {
		weight := weights[t*c.NumExperts+e]
		for d, y := range out[i*c.Dim : (i+1)*c.Dim] {
			h[t*c.Dim+d] += float32(weight * y)
		}
	}
}
