package model

import (
	"fmt"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Weights are views of the file's tensors, checked against the Config. Matrices
// have their outputs as rows and stay in the file's format; vectors are float32.
type Weights struct {
	TokenEmbed quant.Matrix // [VocabSize, Dim] token_embd.weight
	OutputNorm []float32    // [Dim] output_norm.weight
	Output     Linear       // [VocabSize, Dim] output.weight; where absent, TokenEmbed
	Layers     []Layer
}

// Layer is the weights of one layer, blk.N.
type Layer struct {
	AttnNorm []float32 // [Dim]
	AttnQ    Linear    // [NumHeads*KeyDim, Dim]
	AttnK    Linear    // [NumKVHeads*KeyDim, Dim]
	AttnV    Linear    // [NumKVHeads*ValueDim, Dim]
	AttnOut  Linear    // [Dim, NumHeads*ValueDim] attn_output

	FFNNorm []float32 // [Dim]
	FFN     FFN       // the network, where there are no experts
	Router  Linear    // [NumExperts, Dim] ffn_gate_inp, where there are
	Experts []FFN     // [NumExperts]
}

// FFN is a feed-forward network: Down·(silu(Gate·x) * (Up·x)).
type FFN struct {
	Gate Linear // [FFNDim, Dim]
	Up   Linear // [FFNDim, Dim]
	Down Linear // [Dim, FFNDim]
}

// Linear is a matrix with an optional bias.
type Linear struct {
	Name string // of the tensor, such as blk.0.attn_q.weight
	W    quant.Matrix
	Bias []float32 // [W.Rows], nil for none
}

// binder finds tensors and keeps the first error.
type binder struct {
	file *gguf.File
	err  error
}

// bind returns the weights of a model of c's shape.
func bind(f *gguf.File, c *Config) (*Weights, error) {
	b := binder{file: f}
	w := &Weights{
		TokenEmbed: b.matrix("token_embd.weight", c.VocabSize, c.Dim),
		OutputNorm: b.vector("output_norm.weight", c.Dim),
		Layers:     make([]Layer, c.NumLayers),
	}
	w.Output = Linear{Name: "token_embd.weight", W: w.TokenEmbed}
	if f.Tensor("output.weight") != nil {
		w.Output = b.linear("output", c.VocabSize, c.Dim)
	}
	for i := range w.Layers {
		if b.err != nil {
			break
		}
		w.Layers[i] = b.layer(fmt.Sprintf("blk.%d.", i), c)
	}
	if b.err != nil {
		return nil, b.err
	}
	return w, nil
}

// layer binds the tensors whose names start with prefix.
func (b *binder) layer(prefix string, c *Config) Layer {
	l := Layer{
		AttnNorm: b.vector(prefix+"attn_norm.weight", c.Dim),
		AttnQ:    b.linear(prefix+"attn_q", c.NumHeads*c.KeyDim, c.Dim),
		AttnK:    b.linear(prefix+"attn_k", c.NumKVHeads*c.KeyDim, c.Dim),
		AttnV:    b.linear(prefix+"attn_v", c.NumKVHeads*c.ValueDim, c.Dim),
		AttnOut:  b.linear(prefix+"attn_output", c.Dim, c.NumHeads*c.ValueDim),
		FFNNorm:  b.vector(prefix+"ffn_norm.weight", c.Dim),
	}
	if c.NumExperts == 0 {
		l.FFN = FFN{
			Gate: b.linear(prefix+"ffn_gate", c.FFNDim, c.Dim),
			Up:   b.linear(prefix+"ffn_up", c.FFNDim, c.Dim),
			Down: b.linear(prefix+"ffn_down", c.Dim, c.FFNDim),
		}
		return l
	}
	l.Router = b.linear(prefix+"ffn_gate_inp", c.NumExperts, c.Dim)
	l.Experts = make([]FFN, c.NumExperts)
	for i := range l.Experts {
		if b.err != nil {
			break
		}
		l.Experts[i] = FFN{
			Gate: b.expert(prefix, "ffn_gate", i, c.NumExperts, c.FFNDim, c.Dim),
			Up:   b.expert(prefix, "ffn_up", i, c.NumExperts, c.FFNDim, c.Dim),
			Down: b.expert(prefix, "ffn_down", i, c.NumExperts, c.Dim, c.FFNDim),
		}
	}
	return l
}

// linear binds name.weight and, if it is there, name.bias.
func (b *binder) linear(name string, rows, cols int) Linear {
	l := Linear{Name: name + ".weight", W: b.matrix(name+".weight", rows, cols)}
	if b.err == nil && b.file.Tensor(name+".bias") != nil {
		l.Bias = b.vector(name+".bias", rows)
	}
	return l
}

// expert binds one expert's matrix: a slice of PREFIXname_exps.weight, or a
// tensor of its own, PREFIXname.I.weight, in files of before April 2024.
func (b *binder) expert(prefix, name string, i, experts, rows, cols int) Linear {
	alone := fmt.Sprintf("%s%s.%d.weight", prefix, name, i)
	all := prefix + name + "_exps.weight"
	if b.file.Tensor(all) == nil && b.file.Tensor(alone) != nil {
		return Linear{Name: alone, W: b.matrix(alone, rows, cols)}
	}
	t := b.tensor(all, experts, rows, cols)
	if t == nil {
		return Linear{}
	}
	n := len(t.Data) / experts
	return Linear{Name: alone, W: b.view(all, t.Type, rows, cols, t.Data[i*n:(i+1)*n])}
}

// matrix binds a rows × cols tensor.
func (b *binder) matrix(name string, rows, cols int) quant.Matrix {
	t := b.tensor(name, rows, cols)
	if t == nil {
		return quant.Matrix{}
	}
	return b.view(name, t.Type, rows, cols, t.Data)
}

func (b *binder) view(name string, typ quant.Type, rows, cols int, data []byte) quant.Matrix {
	m, err := quant.NewMatrix(typ, rows, cols, data)
	if err != nil && b.err == nil {
		b.err = fmt.Errorf("tensor %q: %w", name, err)
	}
	return m
}

// vector decodes a tensor of n elements.
func (b *binder) vector(name string, n int) []float32 {
	t := b.tensor(name, n)
	if t == nil {
		return nil
	}
	if !quant.CanCompute(t.Type) {
		b.err = fmt.Errorf("tensor %q: cannot compute with %v", name, t.Type)
		return nil
	}
	v := make([]float32, n)
	quant.Decode(t.Type, v, t.Data)
	return v
}

// tensor returns the tensor of that name, if it has that shape; outer dimensions
// of 1, which files may leave out, do not matter.
func (b *binder) tensor(name string, shape ...int) *gguf.Tensor {
	if b.err != nil {
		return nil
	}
	t := b.file.Tensor(name)
	if t == nil {
		b.err = fmt.Errorf("no tensor %q", name)
		return nil
	}
	if !sameShape(t.Shape, shape) {
		b.err = fmt.Errorf("tensor %q: shape %v, the metadata ask for %v", name, t.Shape, shape)
		return nil
	}
	return t
}

func sameShape(a, b []int) bool {
	for len(a) > len(b) && a[0] == 1 {
		a = a[1:]
	}
	for len(b) > len(a) && b[0] == 1 {
		b = b[1:]
	}
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
