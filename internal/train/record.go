package train

import "alpaca/internal/ggml"

// record has the results of a layer that the backward pass
// needs. A field stays empty if the layer has no such part.
type record[T real] struct {
	x0, x1     []T // [n, Dim] the inputs of attention and of the feed-forward network
	o          []T // [n, Heads*ValueDim] the output of attention, or of the operation that replaces attention
	q, k, v    []T
	rawQ, rawK []T // q and k before QNorm and KNorm
	rawV       []T
	laterK     []T // gradients of k and v from later layers that use the same k and v
	laterV     []T
	gates, att []T // for gated attention: the gates [n, Heads*KeyDim], and o before its multiplication by the gates
	in         []T // [n, 3*Dim or channels] the input of a convolution
	mixed      []T // [n, channels] the output of a gated delta rule's convolution
	gate       []T // [n, Heads*Value] the gates of a gated delta rule
	alpha      []T // [n, Heads]
	beta       []T
	y1, y2     []T // [n, Dim] the outputs of attention and of the network, before their post-norms
	g, u       []T // [n, FFNDim] the outputs of gate and up; with experts [rows, ExpertFFN]

	route      routing[T]
	y          []T // [rows, Dim] the outputs of experts
	sg, su, sy []T // the outputs of the shared expert's gate and up, and its output
	sw         []T // [n] the weight of the shared expert for each token
	x2         []T // [n, Dim] x after the feed-forward network
	y3         []T // [n, Dim] the contribution of the layer's own input, before its norm
	own        []T // [n, LayerInput] the gate of that input
}

// fields returns the slices of r that l needs, except x0, and how many elements each has per token.
func (r *record[T]) fields(m *Model[T], l *Layer[T]) []field[T] {
	c, s := &m.Config, &l.Shape
	list := []field[T]{{&r.x1, c.Dim}}
	add := func(data *[]T, cols int) { list = append(list, field[T]{data, cols}) }
	switch {
	case s.Delta:
		add(&r.in, c.Delta.Channels())
		add(&r.mixed, c.Delta.Channels())
		add(&r.gate, c.Delta.Heads*c.Delta.Value)
		add(&r.o, c.Delta.Heads*c.Delta.Value)
		add(&r.alpha, c.Delta.Heads)
		add(&r.beta, c.Delta.Heads)
	case s.Taps > 0:
		add(&r.in, 3*c.Dim)
		add(&r.o, c.Dim)
	default:
		add(&r.o, s.NumHeads*s.ValueDim)
		add(&r.q, s.NumHeads*s.KeyDim)
	}
	if s.KVOf == 0 && !s.Delta && s.Taps == 0 {
		add(&r.k, s.NumKVHeads*s.KeyDim)
		add(&r.v, s.NumKVHeads*s.ValueDim)
	}
	if l.VNorm.W != nil {
		add(&r.rawV, s.NumKVHeads*s.ValueDim)
	}
	if l.hasTail() {
		add(&r.x2, c.Dim)
		add(&r.y3, c.Dim)
		add(&r.own, c.LayerInput)
	}
	if l.QNorm.W != nil {
		add(&r.rawQ, s.NumHeads*s.KeyDim)
	}
	if l.KNorm.W != nil {
		add(&r.rawK, s.NumKVHeads*s.KeyDim)
	}
	if c.GatedQuery && !s.Delta {
		add(&r.gates, s.NumHeads*s.KeyDim)
		add(&r.att, s.NumHeads*s.ValueDim)
	}
	if l.AttnPostNorm.W != nil {
		add(&r.y1, c.Dim)
	}
	if l.FFNPostNorm.W != nil {
		add(&r.y2, c.Dim)
	}
	if l.Router.W == nil {
		if l.Gate.W != nil || l.GateUp.W != nil {
			add(&r.g, s.FFNDim)
		}
		add(&r.u, s.FFNDim)
		return list
	}
	add(&r.g, c.NumUsed*c.ExpertFFN)
	add(&r.u, c.NumUsed*c.ExpertFFN)
	add(&r.y, c.NumUsed*c.Dim)
	add(&r.route.probs, c.NumExperts)
	add(&r.route.share, c.NumUsed)
	if w := l.SharedUp.W; w != nil {
		add(&r.sg, w.Rows)
		add(&r.su, w.Rows)
		add(&r.sy, c.Dim)
		add(&r.sw, 1)
	}
	return list
}

// grow makes r's slices large enough for n tokens of l.
func (r *record[T]) grow(m *Model[T], l *Layer[T], n int) {
	for _, f := range r.fields(m, l) {
		*f.data = ggml.Grow(*f.data, n*f.cols)
	}
	if l.Router.W != nil {
		r.route.grow(n*m.Config.NumUsed, m.Config.NumExperts)
	}
}

// share makes r's slices views of the slices of all, a record with room for
// every layer. The views have room for n tokens of l. r keeps its own x0.
func (r *record[T]) share(all *record[T], m *Model[T], l *Layer[T], n int) {
	*r = record[T]{x0: r.x0}
	from := all.fields(m, l)
	for i, f := range r.fields(m, l) {
		*f.data = (*from[i].data)[:n*f.cols]
	}
	r.route.chosen, r.route.tokens, r.route.slots, r.route.ends = all.route.chosen, all.route.tokens, all.route.slots, all.route.ends
}

// kept returns how many numbers are kept per token for the backward pass of l.
func (l *Layer[T]) kept(m *Model[T]) (n int) {
	for _, f := range new(record[T]).fields(m, l) {
		n += f.cols
	}
	return n + m.Config.Dim
}
