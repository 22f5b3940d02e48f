package model

import "alpaca/internal/quant"

// buffers is a runner's scratch memory for the rows of a batch. Attention and the
// feed-forward network share some of the memory, because they never use it at the same time.
type buffers struct {
	hidden   []float32 // [batch, Dim] the residual stream
	q        []float32 // [batch, NumHeads*KeyDim]
	k        []float32 // [batch, NumKVHeads*KeyDim]
	v        []float32 // [batch, NumKVHeads*ValueDim]
	attn     []float32 // [batch, NumHeads*ValueDim]; the same as q if KeyDim equals ValueDim
	ffn      []float32 // [batch, FFNDim], or [batch*NumUsed, ExpertFFN] in layers with experts; shares memory with q, k, v and attn
	gated    []float32 // [batch, 2*NumHeads*KeyDim] queries with their gates; nil: no gated attention
	branch   []float32 // [batch, Dim] output of a branch, if it is normalized or scaled before it is added to hidden; nil: no layer needs this memory
	normed   []float32 // [batch, Dim] normalized activations; nil until a layer needs them
	logits   []float32 // [logitRows, VocabSize]
	inputs   []float32 // [batch, NumLayers, LayerInput] the layers' own inputs; nil: layers have none
	inputRow []float32 // [NumLayers, LayerInput] a token's row of LayerInputs.Tokens, decoded
	temper   []float32 // [batch] Config.Temperature of the rows' positions; nil without TempScale
	angles   [TurnNone + 1]angles
}

// angles are the sines and cosines of the rows' positions.
type angles struct {
	cos, sin []float32 // [batch, Rope.Pairs()]
}

// newBuffers allocates the memory for a model of c's shape.
func newBuffers(c *Config, batch int) buffers {
	b := buffers{hidden: make([]float32, batch*c.Dim)}
	nq := batch * c.most(func(l *LayerConfig) int { return l.NumHeads * l.KeyDim })
	nk := batch * c.most(func(l *LayerConfig) int { return l.NumKVHeads * l.KeyDim })
	nv := batch * c.most(func(l *LayerConfig) int { return l.NumKVHeads * l.ValueDim })
	nffn := batch * c.mostInner()
	nattn := 0
	if c.most(func(l *LayerConfig) int { return max(l.KeyDim-l.ValueDim, l.ValueDim-l.KeyDim) }) > 0 {
		nattn = batch * c.most(func(l *LayerConfig) int { return l.NumHeads * l.ValueDim })
	}
	both := make([]float32, max(nq+nk+nv+nattn, nffn))
	b.ffn = both[:nffn]
	b.q, both = both[:nq], both[nq:]
	b.k, both = both[:nk], both[nk:]
	b.v, both = both[:nv], both[nv:]
	if b.attn = b.q; nattn > 0 {
		b.attn = both[:nattn]
	}
	if c.GatedQuery {
		b.gated = make([]float32, 2*nq)
	}
	if n := c.LayerInput * c.NumLayers; n > 0 {
		b.inputs, b.inputRow = make([]float32, batch*n), make([]float32, n)
	}
	if c.TempScale != 0 {
		b.temper = make([]float32, batch)
	}
	if c.NumExperts > 0 {
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
	n := len(b.hidden) + both + len(b.inputs) + len(b.inputRow) + len(b.branch) + len(b.gated) + len(b.normed) + len(b.logits)
	for _, a := range b.angles {
		n += len(a.cos) + len(a.sin)
	}
	return 4 * n
}

// logitRows returns how many rows' logits are computed at a time: as many as fit 16 MiB, but
// at least 1 and at most batch.
func logitRows(vocab, batch int) int { return max(1, min(batch, 16<<20/4/vocab)) }

// needsBranch reports whether some layer needs buffers.branch.
func (w *Weights) needsBranch(c *Config) bool {
	for i := range w.Layers {
		l := &w.Layers[i]
		if l.AttnPostNorm != nil || l.FFNPostNorm != nil || l.Shared.Up.W.Rows > 0 || l.Parallel() {
			return true
		}
	}
	return c.ResidualScale != 0
}

// mostInner returns how many elements of buffers.ffn a row needs in the layer that needs the most.
func (c *Config) mostInner() int {
	conv := 0 // the input and the output of a short convolution
	if c.most(func(l *LayerConfig) int { return l.Taps }) > 0 {
		conv = 4 * c.Dim
	}
	conv = max(conv, c.deltaInner())
	if c.NumExperts > 0 {
		return max(c.NumUsed*c.ExpertFFN, c.SharedFFN, conv, c.LayerInput)
	}
	return max(conv, c.LayerInput, c.most(func(l *LayerConfig) int { return l.FFNDim }))
}

// columns maps each type to the number of columns of the widest matrix of this type.
type columns map[quant.Type]int

func (c columns) add(m *Model, l *Linear) {
	if l.W.Rows == 0 {
		return
	}
	c[l.W.Type] = max(c[l.W.Type], l.W.Cols)
	for _, adapter := range m.LoRAs {
		switch change := adapter.linear[l]; {
		case change == nil:
		case change.Whole.Rows > 0:
			c[change.Whole.Type] = max(c[change.Whole.Type], l.W.Cols)
		default:
			c[quant.F32] = max(c[quant.F32], l.W.Cols)
		}
	}
}

// mostColumns returns the columns of the layers' widest matrices, except
// those of Layer.Experts. It ignores the output matrix, which is multiplied
// with few rows of a batch at a time and so needs little memory.
func (m *Model) mostColumns() columns {
	most := columns{}
	for i := range m.Weights.Layers {
		m.Weights.Layers[i].Each(func(l *Linear) { most.add(m, l) })
	}
	return most
}

// mostExpertColumns returns the columns of the widest matrices in Layer.Experts.
func (m *Model) mostExpertColumns() columns {
	most := columns{}
	for i := range m.Weights.Layers {
		for j := range m.Weights.Layers[i].Experts {
			f := &m.Weights.Layers[i].Experts[j]
			most.add(m, &f.Gate)
			most.add(m, &f.Up)
			most.add(m, &f.Down)
		}
	}
	return most
}

// MemoryStats is the memory of a runner, in bytes.
type MemoryStats struct {
	Cache   int64 // keys and values
	Scratch int64 // scratch memory for a batch
}

// MemoryStats returns the memory in use.
func (r *Runner) MemoryStats() MemoryStats {
	scratch := r.buf.bytes() + r.acts.Bytes() + r.matmul.Bytes() + r.attention.Bytes() + r.router.bytes()
	return MemoryStats{Cache: r.cache.Bytes(), Scratch: int64(scratch)}
}
