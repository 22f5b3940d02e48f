package model

import (
	"alpaca/internal/ggml"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// A product is first computed for all rows, as if there were no adapters. Then each
// text's adapters change the rows of this text: an adapter adds to the product, or
// replaces it. So a row's result does not depend on the adapters of other rows.

// adapting is a runner's memory for adapters. The current rows are the rows
// that the next step computes. At first these are all rows of the batch.
// After the layers they are wanted rows: rows whose logits the caller wants.
type adapting struct {
	runs   []run // the runs of the current rows; empty if no text has adapters
	all    []run // the runs of all rows of the batch; cutRuns reuses this memory for the wanted rows of one call
	wanted []run // the runs of the wanted rows; lo and hi count only wanted rows

	in     matmul.Acts  // a view of the activations of a run's rows
	acts   ggml.Prepare // low, prepared for the product B·low
	low    []float32    // [batch, rank] products A·x
	up     []float32    // [batch, FFNDim] products Up·x of networks with adapters
	whole  []float32    // [batch, rows] products with the adapters' matrices that replace matrices of the model
	norm   []float32    // [2*Dim or more] the weights of a norm, changed by adapters
	row    []float32    // [Dim]
	out    []float32    // [batch, Dim] a product with adapters, before it is added to the residual stream
	expert []float32    // [batch, Dim] the output of an expert
}

// reserveAdapters allocates the memory for adapters, if the model has any.
func (r *Runner) reserveAdapters() {
	m, c := r.model, &r.model.Config
	if len(m.LoRAs) == 0 {
		return
	}
	a := &r.lora
	rank, whole, inner := m.adapterSizes()
	a.acts.Reserve(r.pool.Threads(), r.batch, map[quant.Type]int{quant.F32: rank})
	a.low, a.up, a.whole = make([]float32, r.batch*rank), make([]float32, r.batch*inner), make([]float32, r.batch*whole)
	a.row, a.out = make([]float32, c.Dim), make([]float32, r.batch*c.Dim)
	longest := 2 * c.Dim
	for _, l := range m.LoRAs {
		for _, norm := range l.norms {
			longest = max(longest, len(*norm))
		}
	}
	if a.norm = make([]float32, longest); c.NumExperts > 0 {
		a.expert = make([]float32, r.batch*c.Dim)
	}
}

// adapterSizes returns three maxima. rank is the highest rank of any adapter. whole is
// the largest number of rows in a matrix that replaces a matrix of the model. inner is
// the largest number of elements in the inner state of a feed-forward network.
func (m *Model) adapterSizes() (rank, whole, inner int) {
	rank = 1
	for _, l := range m.LoRAs {
		for x, change := range l.linear {
			rank = max(rank, change.A.Rows)
			if x != &m.Weights.Output { // the output matrix is multiplied with few rows at a time; replace grows the buffer if needed
				whole = max(whole, change.Whole.Rows)
			}
		}
	}
	return rank, whole, max(m.Config.mostInner(), m.Config.SharedFFN)
}

// adapterElems estimates how many elements reserveAdapters allocates for each row of a batch.
func (r *Runner) adapterElems() int {
	rank, whole, inner := r.model.adapterSizes()
	return 2*rank + whole + inner + 2*r.model.Config.Dim + 128
}

// changed reports whether adapters of the current rows change products with x.
func (r *Runner) changed(x *Linear) bool {
	for _, run := range r.lora.runs {
		for i, l := range r.model.LoRAs {
			if run.scales[i] != 0 && l.linear[x] != nil {
				return true
			}
		}
	}
	return false
}

// wantChanges requests the types of activations that are needed to apply the adapters to
// products with x.
func (r *Runner) wantChanges(acts *ggml.Prepare, x *Linear) {
	if !r.changed(x) {
		return
	}
	for _, l := range r.model.LoRAs {
		if c := l.linear[x]; c != nil && c.Whole.Rows > 0 {
			acts.WantType(c.Whole.Type)
		} else if c != nil {
			acts.WantType(quant.F32)
		}
	}
}

// adapt applies the adapters of the current rows to a product whose activations are in acts.
func (r *Runner) adapt(acts *ggml.Prepare, p product) {
	if r.err != nil || !r.changed(p.l) {
		return
	}
	rows := p.l.W.Rows
	for _, x := range r.lora.runs {
		r.adaptRows(acts, x, product{p.l, p.out[x.lo*rows : x.hi*rows]})
	}
}

// adaptRows applies the adapters to the product of a
// run's rows. p.out has only the rows of this run.
func (r *Runner) adaptRows(acts *ggml.Prepare, x run, p product) {
	a := &r.lora
	for i, l := range r.model.LoRAs {
		c, scale := l.linear[p.l], x.scales[i]
		if c == nil || scale == 0 || r.err != nil {
			continue
		}
		if c.Whole.Rows > 0 {
			r.replace(acts, x, c, p.out, scale)
			continue
		}
		n := x.hi - x.lo
		low := a.low[:n*c.A.Rows]
		a.in.View(acts.Acts(quant.F32), x.lo, x.hi)
		if r.err = r.matmul.Store(r.pool, ggml.Product{W: &c.A, Acts: &a.in, Out: low}); r.err != nil {
			return
		}
		if scale != 1 {
			vec.Scale(low, scale)
		}
		a.acts.Want(n, c.A.Rows)
		a.acts.WantType(quant.F32)
		if r.err = a.acts.Run(r.pool, low, nil, nil); r.err == nil {
			r.err = r.matmul.Add(r.pool, ggml.Product{W: &c.B, Acts: a.acts.Acts(quant.F32), Out: p.out})
		}
	}
}

// replace computes y = Whole·x + Bias for a run's rows, with the adapter's matrix c.Whole. At
// first, out has the product with the model's matrix. replace adds scale*(y - out) to out.
func (r *Runner) replace(acts *ggml.Prepare, x run, c *change, out []float32, scale float32) {
	a := &r.lora
	if len(a.whole) < len(out) {
		a.whole = make([]float32, len(out))
	}
	whole := a.whole[:len(out)]
	a.in.View(acts.Acts(c.Whole.Type), x.lo, x.hi)
	if r.err = r.matmul.Store(r.pool, ggml.Product{W: &c.Whole, Bias: c.Bias, Acts: &a.in, Out: whole}); r.err == nil {
		moveTo(out, whole, scale)
	}
}

// moveTo computes x += scale*(to - x). With a scale of 1, it copies the elements of to.
func moveTo(x, to []float32, scale float32) {
	if scale == 1 {
		copy(x, to)
		return
	}
	for i := range x {
		x[i] += float32(scale * (to[i] - x[i]))
	}
}

// normOf returns the weights of a norm for the rows of a run, with the changes of their
// adapters. They are valid until the next call.
func (r *Runner) normOf(x run, norm []float32) []float32 {
	if len(norm) == 0 || x.scales == nil {
		return norm
	}
	moved := norm
	for i, l := range r.model.LoRAs {
		to := l.norms[&norm[0]]
		if to == nil || x.scales[i] == 0 {
			continue
		}
		if &moved[0] == &norm[0] {
			moved = r.lora.norm[:len(norm)]
			copy(moved, norm)
		}
		moveTo(moved, *to, x.scales[i])
	}
	return moved
}

// changedNorm reports whether adapters of the current rows change a norm.
func (r *Runner) changedNorm(norm []float32) bool {
	if len(norm) == 0 {
		return false
	}
	for _, x := range r.lora.runs {
		for i, l := range r.model.LoRAs {
			if x.scales[i] != 0 && l.norms[&norm[0]] != nil {
				return true
			}
		}
	}
	return false
}

// adaptEmbedding applies the adapters of the batch's row i to the
// slice row. At first, row is the token's row of the embedding matrix.
func (r *Runner) adaptEmbedding(row []float32, token, i int) {
	for _, x := range r.lora.runs {
		if i < x.lo || i >= x.hi {
			continue
		}
		for j, l := range r.model.LoRAs {
			if l.table != nil && x.scales[j] != 0 {
				l.table.change(row, r.lora.row, token, x.scales[j])
			}
		}
	}
}

// change applies the change to row, the token's row of the
// embedding matrix. other is scratch memory of the same length.
func (t *tableChange) change(row, other []float32, token int, scale float32) {
	if t.rank == 0 {
		quant.Decode(t.whole.Type, other, t.whole.Row(token))
		moveTo(row, other, scale)
		return
	}
	low := t.a[token*t.rank : (token+1)*t.rank]
	for i := range row {
		x := matmul.DotF32(t.b[i*t.rank:(i+1)*t.rank], low)
		if scale != 1 {
			x = float32(scale * x)
		}
		row[i] += x
	}
}

// gateApart does what gate does, for a network with adapters. The adapters change the products
// Gate·x and Up·x before these are multiplied.
func (r *Runner) gateApart(f *FFN, out []float32) {
	if f.Gate.W.Rows == 0 {
		if r.products(product{&f.Up, out}); r.err == nil {
			r.model.Config.Activation.Apply(out)
		}
		return
	}
	up := r.lora.up[:len(out)]
	r.products(product{&f.Gate, out}, product{&f.Up, up})
	if r.err == nil {
		r.model.Config.Activation.Mul(out, up)
	}
}

// change is the effect of an adapter on a product W·x + Bias. It adds B·(A·x), or it replaces
// the product with Whole·x + Bias.
type change struct {
	A, B  matmul.Matrix // [rank, columns] and [rows, rank], F32; B is multiplied by Pair.Scale
	Whole matmul.Matrix // [rows, columns]; empty if A is set
	Bias  []float32     // the bias that is added to Whole·x
}

// tableChange is the effect of an adapter on a row of the embedding matrix. It adds
// b·a[token] to the row, or it replaces the row with the token's row of whole.
type tableChange struct {
	a, b  []float32 // [VocabSize, rank] and [Dim, rank]; b is multiplied by Pair.Scale
	rank  int
	whole matmul.Matrix // [VocabSize, Dim]
}
