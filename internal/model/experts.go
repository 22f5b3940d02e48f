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
func (s *Session) experts(l *Layer, h []float32) {
	c := &s.model.Config
	n := len(h) / c.Dim
	scores := s.router.scores[:n*c.NumExperts]
	x := s.normedRows(n * c.Dim) // makes prepare keep what it normalizes
	s.prepare(h, l.FFNNorm, &l.Router)
	s.products(product{&l.Router, scores})
	if s.err != nil {
		return
	}
	for i := range n {
		s.choose(scores[i*c.NumExperts : (i+1)*c.NumExperts])
	}
	for e := range l.Experts {
		s.expert(&l.Experts[e], e, x, h, scores)
	}
}

// choose replaces a token's scores by the weights of the experts it uses, which
// sum to 1, and 0 for all others. Of equal scores the first counts as better.
func (s *Session) choose(scores []float32) {
	used := s.router.chosen[:len(scores)]
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
	used = used[:s.model.Config.NumUsed]
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
func (s *Session) expert(f *FFN, e int, x, h, weights []float32) {
	c := &s.model.Config
	tokens := s.router.tokens[:0]
	for i := range len(h) / c.Dim {
		if weights[i*c.NumExperts+e] != 0 { // NaN as well
			tokens = append(tokens, i)
		}
	}
	if len(tokens) == 0 || s.err != nil {
		return
	}
	n := len(tokens)
	in := s.buf.gathered[:n*c.Dim]
	for i, t := range tokens {
		copy(in[i*c.Dim:(i+1)*c.Dim], x[t*c.Dim:])
	}
	ffn, out := s.buf.ffn[:n*f.Up.W.Rows], in
	s.prepare(in, nil, &f.Gate, &f.Up)
	s.gate(f, ffn)
	s.prepare(ffn, nil, &f.Down)
	s.products(product{&f.Down, out})
	if s.err != nil {
		return
	}
	for i, t := range tokens {
		weight := weights[t*c.NumExperts+e]
		for d, y := range out[i*c.Dim : (i+1)*c.Dim] {
			h[t*c.Dim+d] += float32(weight * y)
		}
	}
}
