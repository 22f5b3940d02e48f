package model

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Adapter is a low-rank addition to a matrix (LoRA): a product adds B·(A·x).
type Adapter struct {
	A quant.Matrix // [rank, columns], F32
	B quant.Matrix // [rows, rank], F32, times the scale
}

// TableAdapter is a low-rank addition to the embedding: a token's row gets B·A[token].
type TableAdapter struct {
	A    []float32 // [VocabSize, Rank]
	B    []float32 // [Dim, Rank], times the scale
	Rank int
}

// MovedNorm is the weights that a norm has from an adapter's file.
type MovedNorm struct {
	Name string
	Data []float32
}

// addTo adds the adapter's part to a token's row of the embedding.
func (a *TableAdapter) addTo(row []float32, token int) {
	low := a.A[token*a.Rank : (token+1)*a.Rank]
	for i := range row {
		row[i] += quant.DotF32(a.B[i*a.Rank:(i+1)*a.Rank], low)
	}
}

// WithLoRA returns a model of the same weights to which the adapters of a file are added,
// in the form that llama.cpp loads, scale times as strong as the file says. m stays as it
// was; its file must stay open, f need not. Norms in the file, which llama.cpp leaves out,
// take the place of the model's, moved towards them by the scale. A file that does not
// belong to m is an error, as are adapters of experts, and of an embedding that is the
// output matrix as well.
func (m *Model) WithLoRA(f *gguf.File, scale float32) (*Model, error) {
	n := *m
	w := *m.Weights
	n.Weights = &w
	w.Layers = slices.Clone(w.Layers)
	l := loraReader{file: f, scale: float64(scale)}
	err := gguf.Guard(func() error {
		l.read(m.Config.Arch)
		l.table(&w, &m.Config)
		l.norm(&w, arch.OutputNorm.Weight(), &w.OutputNorm)
		l.add(&w.Output)
		for i := range w.Layers {
			layer := &w.Layers[i]
			layer.Each(l.add)
			for _, role := range []arch.Role{arch.AttnNorm, arch.AttnQNorm, arch.AttnKNorm, arch.FFNNorm} {
				l.norm(&w, arch.LayerPrefix(i)+role.Weight(), layer.place(role).(*[]float32))
			}
		}
		return l.finish()
	})
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w", f.Path, err)
	}
	return &n, nil
}

// loraReader adds the tensors of an adapter file to matrices, and keeps the first error.
type loraReader struct {
	file  *gguf.File
	scale float64
	alpha float64
	used  map[string]bool
	err   error
}

// read checks what kind of file it is.
func (l *loraReader) read(family string) {
	l.used = map[string]bool{}
	text := func(key string) string {
		s, _, err := l.file.String(key)
		if err != nil && l.err == nil {
			l.err = err
		}
		return s
	}
	kind, form, of := text("general.type"), text("adapter.type"), text("general.architecture")
	switch {
	case l.err != nil:
		return
	case kind != "adapter" || form != "lora":
		l.err = fmt.Errorf("not a LoRA adapter: general.type is %q and adapter.type %q", kind, form)
	case of != family:
		l.err = fmt.Errorf("an adapter for models of the architecture %q, this one is %q", of, family)
	default:
		l.alpha, _, l.err = l.file.Float("adapter.lora.alpha")
		if l.err == nil && !(math.Abs(l.alpha) <= math.MaxFloat32) {
			l.err = fmt.Errorf("adapter.lora.alpha is %v", l.alpha)
		}
	}
}

// add adds the adapter of x, if there is one.
func (l *loraReader) add(x *Linear) {
	a, b := l.file.Tensor(x.Name+".lora_a"), l.file.Tensor(x.Name+".lora_b")
	if l.err != nil || x.W.Rows == 0 || a == nil && b == nil || x.Name == arch.TokenEmbed.Weight() {
		return
	}
	rows := cmp.Or(x.Of, x.W.Rows)
	switch {
	case a == nil || b == nil:
		l.err = fmt.Errorf("tensor %q: only one of lora_a and lora_b is there", x.Name)
	case a.Cols() != x.W.Cols || b.Rows() != rows || a.Rows() != b.Cols():
		l.err = fmt.Errorf("tensor %q is [%d, %d], its adapter [%d, %d]·[%d, %d]", x.Name, rows, x.W.Cols, b.Rows(), b.Cols(), a.Rows(), a.Cols())
	case !quant.CanCompute(a.Type) || !quant.CanCompute(b.Type):
		l.err = fmt.Errorf("tensor %q: adapters of %v and %v cannot be computed with", x.Name, a.Type, b.Type)
	}
	if l.err != nil {
		return
	}
	high := l.matrix(b, l.by(b.Cols()))
	if x.Of > 0 { // its rows of those that share the tensor
		rowBytes := high.Type.RowBytes(high.Cols)
		high.Rows, high.Data = x.W.Rows, high.Data[x.First*rowBytes:][:x.W.Rows*rowBytes]
	}
	x.Adapters = append(slices.Clone(x.Adapters), Adapter{A: l.matrix(a, 1), B: high})
	l.used[a.Name], l.used[b.Name] = true, true
}

// by returns what an adapter of that rank is multiplied with.
func (l *loraReader) by(rank int) float64 {
	if l.alpha == 0 {
		return l.scale
	}
	return l.scale * l.alpha / float64(rank)
}

// table adds the adapter of the embedding, if there is one.
func (l *loraReader) table(w *Weights, c *Config) {
	name := arch.TokenEmbed.Weight()
	a, b := l.file.Tensor(name+".lora_a"), l.file.Tensor(name+".lora_b")
	if l.err != nil || a == nil && b == nil || w.Output.Name == name {
		return
	}
	switch {
	case a == nil || b == nil:
		l.err = fmt.Errorf("tensor %q: only one of lora_a and lora_b is there", name)
	case a.Rows() != c.VocabSize || b.Rows() != c.Dim || a.Cols() != b.Cols():
		l.err = fmt.Errorf("tensor %q is [%d, %d], its adapter [%d, %d]·[%d, %d] transposed", name, c.VocabSize, c.Dim, a.Rows(), a.Cols(), b.Rows(), b.Cols())
	case !quant.CanCompute(a.Type) || !quant.CanCompute(b.Type):
		l.err = fmt.Errorf("tensor %q: adapters of %v and %v cannot be computed with", name, a.Type, b.Type)
	}
	if l.err != nil {
		return
	}
	w.EmbedLoRA = append(slices.Clone(w.EmbedLoRA), TableAdapter{A: values(a, 1), B: values(b, l.by(b.Cols())), Rank: b.Cols()})
	l.used[a.Name], l.used[b.Name] = true, true
}

// norm moves a norm's weights to those of the file, if it has them, as far as the scale
// says.
func (l *loraReader) norm(w *Weights, name string, norm *[]float32) {
	t := l.file.Tensor(name)
	if l.err != nil || t == nil || len(*norm) == 0 {
		return
	}
	if t.Elems() != len(*norm) || !quant.CanCompute(t.Type) {
		l.err = fmt.Errorf("tensor %q has %d elements of %v, the model's has %d", name, t.Elems(), t.Type, len(*norm))
		return
	}
	moved := values(t, 1)
	if l.scale != 1 {
		for i, old := range *norm {
			moved[i] = float32(float64(old) + float64(l.scale*(float64(moved[i])-float64(old))))
		}
	}
	*norm = moved
	w.Moved = append(slices.Clone(w.Moved), MovedNorm{name, moved})
	l.used[name] = true
}

// matrix decodes a tensor and multiplies it.
func (l *loraReader) matrix(t *gguf.Tensor, by float64) quant.Matrix {
	data := make([]byte, 0, 4*t.Elems())
	for _, v := range values(t, by) {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	m, err := quant.NewMatrix(quant.F32, t.Rows(), t.Cols(), data)
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return m
}

// values decodes a tensor and multiplies it.
func values(t *gguf.Tensor, by float64) []float32 {
	list := make([]float32, t.Elems())
	quant.Decode(t.Type, list, t.Data)
	for i, v := range list {
		list[i] = float32(float64(v) * by)
	}
	return list
}

// finish returns the first error, or one for tensors that belong nowhere.
func (l *loraReader) finish() error {
	if l.err != nil {
		return l.err
	}
	if len(l.used) == 0 && len(l.file.Tensors) == 0 {
		return fmt.Errorf("the adapter has no tensors")
	}
	for i := range l.file.Tensors {
		if name := l.file.Tensors[i].Name; !l.used[name] {
			what := "the model has no matrix for it"
			if strings.HasPrefix(name, string(arch.TokenEmbed)+".") {
				what = "the embedding is the output matrix, too: an adapter of one of both is not supported"
			}
			return fmt.Errorf("tensor %q: %s", name, what)
		}
	}
	return nil
}

// loraScratch is a runner's memory for adapters.
type loraScratch struct {
	acts ggml.Prepare
	low  []float32 // [batch, rank]
	up   []float32 // [batch, FFNDim] of networks whose gate cannot be fused
}

// EachAdapted calls f for every matrix that has adapters.
func (w *Weights) EachAdapted(f func(*Linear)) {
	each := func(l *Linear) {
		if len(l.Adapters) > 0 {
			f(l)
		}
	}
	each(&w.Output)
	for i := range w.Layers {
		w.Layers[i].Each(each)
	}
}

// reserveAdapters allocates the memory for adapters, if there are any.
func (r *Runner) reserveAdapters() {
	rank, up := 0, 0
	r.model.Weights.EachAdapted(func(l *Linear) {
		for i := range l.Adapters {
			rank = max(rank, l.Adapters[i].A.Rows)
		}
		up = max(r.model.Config.mostInner(), r.model.Config.SharedFFN)
	})
	if rank > 0 {
		r.lora.acts.Reserve(r.pool.Threads(), r.batch, map[quant.Type]int{quant.F32: rank})
		r.lora.low, r.lora.up = make([]float32, r.batch*rank), make([]float32, r.batch*up)
	}
}

// adapt adds the adapters' part to a product whose activations prepare has made ready.
func (r *Runner) adapt(p product) {
	for i := range p.l.Adapters {
		if r.err != nil {
			return
		}
		a := &p.l.Adapters[i]
		n := len(p.out) / p.l.W.Rows
		low := r.lora.low[:n*a.A.Rows]
		if r.err = r.matmul.Store(r.pool, ggml.Product{W: &a.A, Acts: r.acts.Acts(quant.F32), Out: low}); r.err != nil {
			return
		}
		r.lora.acts.Want(n, a.A.Rows)
		r.lora.acts.WantType(quant.F32)
		if r.err = r.lora.acts.Run(r.pool, low, nil, nil); r.err != nil {
			return
		}
		r.err = r.matmul.Add(r.pool, ggml.Product{W: &a.B, Acts: r.lora.acts.Acts(quant.F32), Out: p.out})
	}
}

// gateApart is gate for a network with adapters, whose products have to be complete
// before they are multiplied.
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
