package model

import (
	"math"

	"alpaca/internal/ggml"
)

// The steps of forward. Each does nothing once one has failed: s.err is the first
// failure, a fault in the mapped file as a rule.

// product is a matrix product of the activations that prepare has made ready.
type product struct {
	l   *Linear
	out []float32 // [tokens, rows of l]
}

func (s *Session) of(p product) ggml.Product {
	return ggml.Product{W: &p.l.W, Bias: p.l.Bias, Acts: s.acts.Acts(p.l.W.Type), Out: p.out}
}

// prepare makes x [rows, cols] ready for products with matrices of cols columns,
// after RMSNorm with the weights norm if that is not nil.
func (s *Session) prepare(x, norm []float32, matrices ...*Linear) {
	if s.err != nil {
		return
	}
	cols := matrices[0].W.Cols
	s.acts.Want(len(x)/cols, cols)
	for _, l := range matrices {
		s.acts.WantType(l.W.Type)
	}
	s.acts.Src, s.acts.Norm, s.acts.Dst = x, norm, nil
	if norm != nil && (s.Collect != nil || s.buf.normed != nil) {
		s.acts.Dst = s.normedRows(len(x))
	}
	s.err = s.acts.Run(s.pool)
	if s.Collect != nil && s.err == nil {
		if norm != nil {
			x = s.acts.Dst
		}
		for _, l := range matrices {
			s.Collect(l.Name, x, len(x)/cols, cols)
		}
	}
}

// normedRows returns n elements of memory for what RMSNorm gives, where someone
// wants to see it.
func (s *Session) normedRows(n int) []float32 {
	if len(s.buf.normed) < n {
		s.buf.normed = make([]float32, s.batch*s.model.Config.Dim)
	}
	return s.buf.normed[:n]
}

// products computes up to three matrix products.
func (s *Session) products(list ...product) {
	if s.err != nil {
		return
	}
	var all [3]ggml.Product
	for i, p := range list {
		all[i] = s.of(p)
	}
	s.err = s.matmul.Store(s.pool, all[:len(list)]...)
}

// addProduct adds l·x to h, row by row.
func (s *Session) addProduct(h []float32, l *Linear, x []float32) {
	s.prepare(x, nil, l)
	if s.err == nil {
		s.err = s.matmul.Add(s.pool, s.of(product{l, h}))
	}
}

// gate sets out [tokens, FFNDim] to the inner state of a feed-forward network,
// silu(Gate·x) * (Up·x).
func (s *Session) gate(f *FFN, out []float32) {
	if s.err == nil {
		s.err = s.matmul.Gate(s.pool, s.of(product{&f.Gate, out}), s.of(product{&f.Up, nil}))
	}
}

// setAngles makes the sines and cosines of n positions ready, for all layers.
func (s *Session) setAngles(pos, n int) {
	pairs := s.model.rope.Pairs()
	for i := range n {
		s.model.rope.Angles(s.kv.Cos[i*pairs:(i+1)*pairs], s.kv.Sin[i*pairs:(i+1)*pairs], pos+i)
	}
}

// normHeads normalizes each head of q and k, where the layer has weights for that.
func (s *Session) normHeads(l *Layer, q, k []float32) {
	if s.err == nil && l.AttnQNorm != nil {
		s.err = s.headNorm.Run(s.pool, q, l.AttnQNorm, k, l.AttnKNorm)
	}
}

// storeKV turns q and k of n tokens to their positions, and puts k and v into
// the cache.
func (s *Session) storeKV(layer, pos, n int, q, k, v []float32) {
	if s.err != nil {
		return
	}
	l := &s.model.Config.Layers[layer]
	s.attention.Format, s.attention.Heads = &s.cache.formats[layer], l.NumHeads
	s.attention.Scale, s.attention.Window = attentionScale(l.KeyDim), l.Window
	s.attention.Blocks, s.attention.Offset = s.cache.blocks, s.cache.offsets[layer]
	s.attention.Pos, s.attention.Tokens, s.attention.Q = pos, n, q
	s.kv.K, s.kv.V = k, v
	s.err = s.kv.Run(s.pool)
}

// attend sets out to the attention of n tokens of the layer of the last storeKV.
func (s *Session) attend(pos, n int, q, out []float32) {
	if s.err != nil {
		return
	}
	s.attention.Pos, s.attention.Tokens, s.attention.Q, s.attention.Out = pos, n, q, out
	s.err = s.attention.Run(s.pool)
}

// attentionScale returns 1/sqrt(n), the factor of the scores.
func attentionScale(n int) float32 { return 1 / float32(math.Sqrt(float64(n))) }
