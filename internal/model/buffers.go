package model

import "alpaca/internal/quant"

// buffers is a runner's scratch memory, for batch rows at a time. Attention
// and the feed-forward network take turns in one part of it.
type buffers struct {
	hidden   []float32 // [batch, Dim] the residual stream
	q        []float32 // [batch, NumHeads*KeyDim]
	k        []float32 // [batch, NumKVHeads*KeyDim]
	v        []float32 // [batch, NumKVHeads*ValueDim]
	attn     []float32 // [batch, NumHeads*ValueDim]; q where heads have the same size
	ffn      []float32 // [batch, FFNDim]; the memory of q, k, v and attn
	gathered []float32 // [batch, Dim] inputs of an expert; nil without
	normed   []float32 // [batch, Dim] what RMSNorm gives; nil while nobody wants it
	logits   []float32 // [logitRows, VocabSize]
	branch   []float32 // [batch, Dim] what a layer adds, where that is normalized; else nil
	angles   [TurnNone + 1]angles
}

// angles are the sines and cosines of the rows' positions.
type angles struct {
	cos, sin []float32 // [batch, pairs of the rope]
}

// newBuffers allocates the memory for a model of c's shape.
func newBuffers(c *Config, batch int) buffers {
	b := buffers{hidden: make([]float32, batch*c.Dim)}
	nq := batch * c.most(func(l *LayerConfig) int { return l.NumHeads * l.KeyDim })
	nk := batch * c.most(func(l *LayerConfig) int { return l.NumKVHeads * l.KeyDim })
	nv := batch * c.most(func(l *LayerConfig) int { return l.NumKVHeads * l.ValueDim })
	nffn := batch * c.most(func(l *LayerConfig) int { return l.FFNDim })
	nattn := 0
	if c.most(func(l *LayerConfig) int { return max(l.KeyDim-l.ValueDim, l.ValueDim-l.KeyDim) }) > 0 {
		nattn = batch * c.most(func(l *LayerConfig) int { return l.NumHeads * l.ValueDim })
	}
	both := make([]float32, max(nq+nk+nv+nattn, nffn))
	b.ffn = both[:nffn]
	b.q, both = both[:nq], both[nq:]
	b.k, both = both[:nk], both[nk:]
	b.v, both = both[:nv], both[nv:]
	if b.attn = b.q; nattn > 0 { // else sameAttn
		b.attn = both[:nattn]
	}
	if c.NumExperts > 0 {
		b.gathered = make([]float32, batch*c.Dim)
		b.normed = make([]float32, batch*c.Dim)
	}
	return b
}

// sameAttn reports whether attn is the memory of q.
func (b *buffers) sameAttn() bool { return &b.attn[0] == &b.q[0] }

// bytes returns the memory in use.
func (b *buffers) bytes() int {
	both := max(len(b.ffn), len(b.q)+len(b.k)+len(b.v))
	if !b.sameAttn() {
		both = max(len(b.ffn), len(b.q)+len(b.k)+len(b.v)+len(b.attn))
	}
	n := len(b.hidden) + both + len(b.gathered) + len(b.normed) + len(b.branch) + len(b.logits)
	for _, a := range b.angles {
		n += len(a.cos) + len(a.sin)
	}
	return 4 * n
}

// logitRows returns how many tokens' logits are computed at a time: as many as
// fit 16 MiB, at least 1.
func logitRows(vocab, batch int) int { return max(1, min(batch, 16<<20/4/vocab)) }

// normsBranches reports whether what some layer adds is normalized.
func (w *Weights) normsBranches() bool {
	for i := range w.Layers {
		if l := &w.Layers[i]; l.AttnPostNorm != nil || l.FFNPostNorm != nil {
			return true
		}
	}
	return false
}

// mostColumns returns the types of the layers' matrices, and the most columns that
// those of a type have. (The output's products are of few tokens at a time.)
func (w *Weights) mostColumns() map[quant.Type]int {
	most := map[quant.Type]int{}
	for i := range w.Layers {
		l := &w.Layers[i]
		all := []*Linear{&l.AttnQ, &l.AttnK, &l.AttnV, &l.AttnOut, &l.FFN.Gate, &l.FFN.Up, &l.FFN.Down, &l.Router}
		for j := range l.Experts {
			all = append(all, &l.Experts[j].Gate, &l.Experts[j].Up, &l.Experts[j].Down)
		}
		for _, m := range all {
			if m.W.Rows > 0 {
				most[m.W.Type] = max(most[m.W.Type], m.W.Cols)
			}
			if len(m.Adapters) > 0 {
				most[quant.F32] = max(most[quant.F32], m.W.Cols)
			}
		}
	}
	return most
}
