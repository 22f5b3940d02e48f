package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// binder finds tensors and keeps the first error.
type binder struct {
	file *gguf.File
	err  error
}

// bind returns the weights of a model with the Config c. The
// table of c's architecture says which tensors the model has.
func bind(f *gguf.File, c *Config) (*Weights, error) {
	b := binder{file: f}
	a := arch.Find(c.Arch)
	w := &Weights{Layers: make([]Layer, c.NumLayers)}
	var embed Linear
	outer := c.sizes(&c.Layers[0])
	for _, list := range [][]arch.Tensor{a.Input, a.Output} {
		for i := range list {
			if !outer.In(list[i].In) {
				continue
			}
			b.bind(&list[i], "", &outer, w.place(list[i].Role, &embed))
		}
	}
	if w.TokenEmbed = embed.W; w.Output.Name == "" {
		w.Output = Linear{Name: embed.Name, W: embed.W}
	}
	for i := range w.Layers {
		if b.err != nil {
			break
		}
		b.layer(&w.Layers[i], a, i, c)
		w.Layers[i].scaleRouter(c.Dim)
		if c.Layers[i].Delta {
			w.Layers[i].Delta.turnTaps(c.Delta.Taps)
		}
		if a.ValueNorm && c.Layers[i].KVOf == 0 {
			w.Layers[i].AttnVNorm = slices.Repeat([]float32{1}, c.Layers[i].ValueDim)
		}
	}
	if b.err == nil {
		b.err = strangers(f, a, c.NumExperts > 0)
	}
	if b.err != nil {
		return nil, b.err
	}
	return w, nil
}

// layer binds the tensors of layer n.
func (b *binder) layer(l *Layer, a *arch.Arch, n int, c *Config) {
	sizes, prefix := c.sizes(&c.Layers[n]), arch.LayerPrefix(n)
	l.Experts = make([]FFN, c.NumExperts)
	for t := range a.LayerTensors(c.NumExperts > 0) {
		switch {
		case !sizes.In(t.In):
			continue
		case t.Parts != nil && t.Stack == arch.One:
			b.parts(t, prefix, &sizes, l)
			continue
		case t.Stack == arch.One:
			b.bind(t, prefix, &sizes, l.place(t.Role))
			if t.Role == arch.AttnQNorm && t.Rows == arch.QueryHeads {
				l.normsQ = sizes.NumHeads
			} else if t.Role == arch.AttnKNorm && t.Rows == arch.KVHeads {
				l.normsK = sizes.NumKVHeads
			}
			continue
		}
		for e := range l.Experts {
			if b.err != nil {
				return
			}
			if t.Parts != nil {
				b.expertParts(t, prefix, e, &sizes, &l.Experts[e])
				continue
			}
			*l.Experts[e].place(t.Role).(*Linear) = b.expert(t, prefix, e, &sizes)
		}
	}
}

// bind sets place, a *Linear or a *[]float32, to the tensor that t describes.
func (b *binder) bind(t *arch.Tensor, prefix string, sizes *arch.Sizes, place any) {
	name := prefix + t.GGUF()
	if b.err != nil || t.Optional && b.file.Tensor(prefix+t.File()) == nil {
		return
	}
	switch place := place.(type) {
	case *[]float32:
		if !t.IsVector() {
			if t := b.tensor(prefix+t.File(), sizes.Of(t.Rows), sizes.Of(t.Cols)); t != nil {
				*place = b.decode(t)
			}
			return
		}
		*place = b.vector(prefix+t.File(), sizes.Of(t.Cols))
		if t.Bias {
			*place = append(*place, b.vector(name+".bias", sizes.Of(t.Cols))...)
		}
	case *Linear:
		*place = b.linear(name, sizes.Of(t.Rows), sizes.Of(t.Cols), !t.Unscaled)
		if b.err == nil && t.Bias && place.Bias == nil {
			b.err = fmt.Errorf("no tensor %q", name+".bias")
		}
	default:
		panic("model: no place for tensor " + name) // a bug: place has no case for the role
	}
}

// parts binds the matrices that are stored one after the other in one tensor.
func (b *binder) parts(t *arch.Tensor, prefix string, sizes *arch.Sizes, l *Layer) {
	var whole Linear
	b.bind(t, prefix, sizes, &whole)
	b.split(t, whole, sizes, l.place)
}

// split divides the fused matrix whole, and puts the parts into the fields for their roles.
func (b *binder) split(t *arch.Tensor, whole Linear, sizes *arch.Sizes, place func(arch.Role) any) {
	if b.err != nil {
		return
	}
	first := 0
	for _, p := range t.Parts {
		rows, part := sizes.Of(p.Rows), whole
		part.First, part.Of = first, whole.W.Rows
		from, to := first*len(whole.W.Data)/whole.W.Rows, (first+rows)*len(whole.W.Data)/whole.W.Rows
		part.W = b.view(whole.Name, whole.W.Type, rows, whole.W.Cols, whole.W.Data[from:to])
		if whole.Bias != nil {
			part.Bias = whole.Bias[first : first+rows]
		}
		*place(p.Role).(*Linear) = part
		first += rows
	}
}

// linear binds name.weight and, if the file has it, name.bias. If scaled is true, it also binds
// name.scale.
func (b *binder) linear(name string, rows, cols int, scaled bool) Linear {
	l := Linear{Name: name + ".weight", W: b.matrix(name+".weight", rows, cols)}
	if b.err == nil && b.file.Tensor(name+".bias") != nil {
		l.Bias = b.vector(name+".bias", rows)
	}
	if scaled {
		l.Scale = b.scale(name, 1, 0)
	}
	return l
}

// expert binds the matrix of expert i. The matrix is a slice of the tensor that t describes.
// In files from before April 2024, the matrix is a tensor of its own, PREFIXname.I.weight.
func (b *binder) expert(t *arch.Tensor, prefix string, i int, sizes *arch.Sizes) Linear {
	alone := fmt.Sprintf("%s%s.%d.weight", prefix, t.Role, i)
	all := prefix + t.GGUF() + ".weight"
	rows, cols, n := sizes.Of(t.Rows), sizes.Of(t.Cols), sizes.Of(t.Stack)
	if b.file.Tensor(all) == nil && b.file.Tensor(alone) != nil {
		return b.linear(strings.TrimSuffix(alone, ".weight"), rows, cols, true)
	}
	whole := b.tensor(all, n, rows, cols)
	if whole == nil {
		return Linear{}
	}
	size := len(whole.Data) / n
	l := Linear{Name: alone, W: b.view(all, whole.Type, rows, cols, whole.Data[i*size:(i+1)*size])}
	if bias := prefix + t.GGUF() + ".bias"; b.file.Tensor(bias) != nil || t.Bias {
		if of := b.tensor(bias, n, rows); of != nil {
			l.Bias = b.decode(of)[i*rows : (i+1)*rows]
		}
	}
	if !t.Unscaled {
		l.Scale = b.scale(prefix+t.GGUF(), n, i)
	}
	return l
}

// expertParts binds the matrices of expert i for the parts of t. If the file has the tensor t,
// one matrix of t contains all parts of expert i. Otherwise the file has a tensor for each part.
func (b *binder) expertParts(t *arch.Tensor, prefix string, i int, sizes *arch.Sizes, f *FFN) {
	if b.file.Tensor(prefix+t.File()) == nil {
		for _, p := range t.Parts {
			apart := arch.Tensor{Role: p.Role, Name: stackOf(p.Role), Stack: t.Stack, Rows: p.Rows, Cols: t.Cols}
			*f.place(p.Role).(*Linear) = b.expert(&apart, prefix, i, sizes)
		}
		return
	}
	b.split(t, b.expert(t, prefix, i, sizes), sizes, f.place)
}

// stackOf returns the name of the tensor that stacks the matrices of all experts for a role,
// without the layer's prefix and ".weight".
func stackOf(role arch.Role) string { return string(role) + "_exps" }

// scale returns element i of the tensor name.scale, which has n elements. NVFP4 models have a
// scale for each matrix. If the tensor is absent, scale returns 0, which stands for 1.
func (b *binder) scale(name string, n, i int) float32 {
	if b.err != nil || b.file.Tensor(name+".scale") == nil {
		return 0
	}
	list := b.vector(name+".scale", n)
	if b.err != nil {
		return 0
	}
	if s := list[i]; s > 0 && s <= math.MaxFloat32 {
		return s
	}
	b.err = fmt.Errorf("tensor %q: factor %v, must be positive", name+".scale", list[i])
	return 0
}

// matrix binds a rows × cols tensor.
func (b *binder) matrix(name string, rows, cols int) matmul.Matrix {
	t := b.tensor(name, rows, cols)
	if t == nil {
		return matmul.Matrix{}
	}
	return b.view(name, t.Type, rows, cols, t.Data)
}

func (b *binder) view(name string, typ quant.Type, rows, cols int, data []byte) matmul.Matrix {
	m, err := matmul.NewMatrix(typ, rows, cols, data)
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
	return b.decode(t)
}

// decode returns the elements of t.
func (b *binder) decode(t *gguf.Tensor) []float32 {
	v := make([]float32, t.Elems())
	if !quant.CanCompute(t.Type) {
		b.err = fmt.Errorf("tensor %q: cannot compute with %v", t.Name, t.Type)
		return v
	}
	quant.Decode(t.Type, v, t.Data)
	return v
}

// tensor returns the tensor with the given name. It is an error if the tensor does not have the
// given shape. Outer dimensions of 1 are ignored, because files may leave them out.
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
		b.err = fmt.Errorf("tensor %q: shape %v, must be %v according to the metadata", name, t.Shape, shape)
		return nil
	}
	return t
}
