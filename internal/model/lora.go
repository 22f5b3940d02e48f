package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/lora"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// LoRA is an adapter that is bound to the weights of a model. The weights stay unchanged, so
// that each text of a batch may have its own adapters.
type LoRA struct {
	*lora.Adapter
	Scale float32           // the scale for texts whose scales Seq.SetScales has not set
	Sum   [sha256.Size]byte // the checksum of the adapter's tensors

	linear map[*Linear]*change
	norms  map[*float32]*[]float32 // from the address of a norm's first element to the weights that replace this norm
	table  *tableChange
}

// WithLoRA returns a model with one more adapter, whose default scale is scale. It shares the
// weights of m, and the caller closes only m. If the adapter replaces a norm W by V, the
// effective norm is W + scale*(V - W). The same holds for the products of a replaced matrix.
// WithLoRA returns an error if the adapter does not fit m.
//
// An adapter of the embedding changes the embeddings of tokens, but not the logits, even if
// the embedding matrix is also the output matrix. An adapter of the output changes only the
// logits.
func (m *Model) WithLoRA(a *lora.Adapter, scale float32) (*Model, error) {
	l := &LoRA{Adapter: a, Scale: scale, linear: map[*Linear]*change{}, norms: map[*float32]*[]float32{}}
	b := loraBinder{model: m, lora: l, used: map[string]bool{}}
	if err := b.bind(); err != nil {
		return nil, fmt.Errorf("model: %s: %w", a.Path, err)
	}
	n := *m
	n.LoRAs = append(slices.Clip(m.LoRAs), l)
	return &n, nil
}

// Scales returns the default scales of all adapters.
func (m *Model) Scales() []float32 {
	list := make([]float32, len(m.LoRAs))
	for i, l := range m.LoRAs {
		list[i] = l.Scale
	}
	return list
}

// changes reports whether any adapter changes products with x.
func (m *Model) changes(x *Linear) bool {
	return slices.ContainsFunc(m.LoRAs, func(l *LoRA) bool { return l.linear[x] != nil })
}

// norms are the roles of the norms that an adapter may change.
var norms = []arch.Role{
	arch.AttnNorm, arch.AttnQNorm, arch.AttnKNorm, arch.AttnPostNorm, arch.FFNNorm, arch.FFNPostNorm, arch.OutputNorm, arch.InputPostNorm,
	arch.ExpertsNorm, arch.ExpertsPostNorm, arch.SharedPostNorm,
}

// loraBinder finds the weights that an adapter changes, and keeps the first error.
type loraBinder struct {
	model *Model
	lora  *LoRA
	used  map[string]bool
	err   error
}

func (b *loraBinder) bind() error {
	w, c := b.model.Weights, &b.model.Config
	if b.lora.Arch != c.Arch {
		return fmt.Errorf("the adapter is for models of the architecture %q, but this model is %q", b.lora.Arch, c.Arch)
	}
	b.table()
	b.add(&w.Output, arch.Output.Weight())
	b.add(&w.Inputs.Proj, w.Inputs.Proj.Name)
	family := arch.Find(c.Arch)
	for _, list := range [][]arch.Tensor{family.Input, family.Output} {
		for i := range list {
			b.norm(w.place(list[i].Role, &Linear{}), &list[i], "")
		}
	}
	for i := range w.Layers {
		l := &w.Layers[i]
		l.Each(func(x *Linear) { b.add(x, x.Name) })
		for t := range family.LayerTensors(c.NumExperts > 0) {
			switch {
			case t.Parts != nil && t.Stack == arch.One:
			case t.Stack == arch.One:
				b.norm(l.place(t.Role), t, arch.LayerPrefix(i))
			default:
				b.stack(l, t, arch.LayerPrefix(i)+t.File())
			}
		}
	}
	for name := range b.tensors {
		if b.err == nil && !b.used[name] {
			b.err = fmt.Errorf("tensor %q: the model lacks this tensor, or an adapter cannot change it", name)
		}
	}
	if b.err == nil {
		b.lora.Sum = sum(b.lora.Adapter)
	}
	return b.err
}

// tensors yields the names of the model's tensors that the adapter changes.
func (b *loraBinder) tensors(yield func(string) bool) {
	for i := range b.lora.Pairs {
		if !yield(b.lora.Pairs[i].Name) {
			return
		}
	}
	for i := range b.lora.Whole {
		if !yield(b.lora.Whole[i].Name) {
			return
		}
	}
}

// add binds the adapter's change to x, the matrix of the tensor with the given name.
func (b *loraBinder) add(x *Linear, name string) {
	if b.err != nil || x.W.Rows == 0 {
		return
	}
	rows := cmp.Or(x.Of, x.W.Rows)
	if p := b.pair(name, 0, rows, x.W.Cols); p != nil {
		b.lora.linear[x] = b.change(p, 0, x)
	}
	if w := b.whole(name, rows, x.W.Cols); w != nil {
		c := &change{Bias: x.Bias}
		if bias := b.bias(name, rows); bias != nil {
			c.Bias = bias[x.First : x.First+x.W.Rows]
		}
		rowBytes := w.Type.RowBytes(x.W.Cols)
		c.Whole = b.matrix(w.Name, w.Type, x, w.Data[x.First*rowBytes:][:x.W.Rows*rowBytes])
		b.lora.linear[x] = c
	}
}

// stack binds the adapter's changes to the experts' matrices, which are in one tensor.
func (b *loraBinder) stack(l *Layer, t *arch.Tensor, name string) {
	roles := t.Roles()
	for e := range l.Experts {
		for _, role := range roles {
			x := l.Experts[e].place(role).(*Linear)
			if p := b.pair(name, len(l.Experts), cmp.Or(x.Of, x.W.Rows), x.W.Cols); p != nil {
				b.lora.linear[x] = b.change(p, e, x)
			}
		}
	}
}

// pair returns the adapter's pair for a tensor, or nil if there is none. It sets b.err if the pair
// does not have the tensor's shape.
func (b *loraBinder) pair(name string, stack, rows, cols int) *lora.Pair {
	p := b.lora.Find(name)
	if b.err != nil || p == nil {
		return nil
	}
	b.used[name] = true
	switch {
	case p.Rows != rows || p.Cols != cols:
		b.err = fmt.Errorf("tensor %q is [%d, %d], but its adapter is [%d, %d]·[%d, %d]", name, rows, cols, p.Rows, p.Rank, p.Rank, p.Cols)
	case p.Stack != stack:
		b.err = fmt.Errorf("tensor %q has %d matrices, but its adapter has %d", name, max(1, stack), max(1, p.Stack))
	default:
		return p
	}
	return nil
}

// whole returns the adapter's replacement of a tensor, or nil if there is none. It sets b.err if
// the replacement does not have the tensor's shape.
func (b *loraBinder) whole(name string, shape ...int) *lora.Whole {
	w := b.lora.FindWhole(name)
	if b.err != nil || w == nil {
		return nil
	}
	b.used[name] = true
	if !sameShape(w.Shape, shape) {
		b.err = fmt.Errorf("tensor %q has the shape %v, but the model's tensor has the shape %v", name, w.Shape, shape)
		return nil
	}
	return w
}

// bias returns the adapter's replacement of n biases, or nil if there is none. name is the tensor
// of the weights that the biases belong to.
func (b *loraBinder) bias(name string, n int) []float32 {
	if w := b.whole(strings.TrimSuffix(name, ".weight")+".bias", n); w != nil {
		return w.Values()
	}
	return nil
}

// change returns the change of x by the matrices A and B with index i in the
// pair p. x.First is the first of x's rows in the tensor that the pair changes.
func (b *loraBinder) change(p *lora.Pair, i int, x *Linear) *change {
	low := p.A[i*p.Rank*p.Cols:][:p.Rank*p.Cols]
	high := p.B[(i*p.Rows+x.First)*p.Rank:][:x.W.Rows*p.Rank]
	return &change{
		A: b.matrix(p.Name, quant.F32, &Linear{W: matmul.Matrix{Rows: p.Rank, Cols: p.Cols}}, bytesOf(low, 1)),
		B: b.matrix(p.Name, quant.F32, &Linear{W: matmul.Matrix{Rows: x.W.Rows, Cols: p.Rank}}, bytesOf(high, p.Scale)),
	}
}

// matrix returns a matrix of x's shape with the given type and data.
func (b *loraBinder) matrix(name string, t quant.Type, x *Linear, data []byte) matmul.Matrix {
	m, err := matmul.NewMatrix(t, x.W.Rows, x.W.Cols, data)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("tensor %q: %w", name, err)
	}
	return m
}

// table binds the adapter's change to the embedding matrix.
func (b *loraBinder) table() {
	name, c := arch.TokenEmbed.Weight(), &b.model.Config
	if p := b.pair(name, 0, c.VocabSize, c.Dim); p != nil {
		t := &tableChange{a: p.B, b: make([]float32, c.Dim*p.Rank), rank: p.Rank}
		for k := range p.Rank {
			for i := range c.Dim {
				t.b[i*p.Rank+k] = float32(float64(p.A[k*c.Dim+i]) * p.Scale)
			}
		}
		b.lora.table = t
	}
	if w := b.whole(name, c.VocabSize, c.Dim); w != nil {
		x := &Linear{W: matmul.Matrix{Rows: c.VocabSize, Cols: c.Dim}}
		b.lora.table = &tableChange{whole: b.matrix(name, w.Type, x, w.Data)}
	}
}

// norm binds the adapter's replacement of a norm. It ignores places that are not norms.
func (b *loraBinder) norm(place any, t *arch.Tensor, prefix string) {
	v, ok := place.(*[]float32)
	if !ok || !t.IsVector() || len(*v) == 0 || !slices.Contains(norms, t.Role) {
		return
	}
	name, n := prefix+t.File(), len(*v)
	if t.Bias {
		n /= 2
	}
	w := b.whole(name, n)
	bias := b.bias(name, n)
	if w == nil && bias == nil {
		return
	}
	moved := slices.Clone(*v)
	if w != nil {
		copy(moved, w.Values())
	}
	if t.Bias {
		copy(moved[n:], bias)
	}
	b.lora.norms[&(*v)[0]] = &moved
}

// bytesOf multiplies the elements of x by a factor, and returns the products as little-endian
// float32.
func bytesOf(x []float32, by float64) []byte {
	data := make([]byte, 0, 4*len(x))
	for _, v := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(float64(v)*by)))
	}
	return data
}

// sum returns the checksum of the tensors of an adapter.
func sum(a *lora.Adapter) (sum [sha256.Size]byte) {
	h := sha256.New()
	for i := range a.Pairs {
		p := &a.Pairs[i]
		fmt.Fprintf(h, "%q %d %d %d %d\n", p.Name, p.Stack, p.Rows, p.Cols, p.Rank)
		h.Write(bytesOf(p.A, 1))
		h.Write(bytesOf(p.B, p.Scale))
	}
	for i := range a.Whole {
		w := &a.Whole[i]
		fmt.Fprintf(h, "%q %v %v\n", w.Name, w.Type, w.Shape)
		h.Write(w.Data)
	}
	h.Sum(sum[:0])
	return sum
}
