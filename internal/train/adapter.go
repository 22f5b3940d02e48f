package train

import (
	"fmt"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/quant"
)

// adapted returns the linear layers that have an adapter, in the order of the layers. The
// embedding and the output come last.
func (m *Model[T]) adapted() (list []*Linear[T]) {
	m.eachLinear(func(_ int, x member[T]) {
		if x.linear.A != nil {
			list = append(list, x.linear)
		}
	})
	for _, l := range []*Linear[T]{&m.EmbedLoRA, &m.OutputLoRA} {
		if l.A != nil {
			list = append(list, l)
		}
	}
	return list
}

// WriteAdapter writes the adapters of m as a GGUF file that llama.cpp loads, in float32
// (lora.Adapter.Write). Norms that are trained along with the adapters are written under their
// own names; llama.cpp ignores them. WriteAdapter returns an error if the embedding or the output
// matrix itself is trained.
func (m *Model[T]) WriteAdapter(path, baseName string) error {
	list := m.adapted()
	if len(list) == 0 {
		return fmt.Errorf("train: %s: the model has no adapters", path)
	}
	if m.HasWholeMatrices() {
		return fmt.Errorf("train: %s: a file of adapters cannot hold a trained embedding or output matrix", path)
	}
	a := &lora.Adapter{Arch: m.Config.Arch, Name: strings.TrimSpace(baseName + " LoRA")}
	for _, l := range list {
		p := lora.Pair{Name: strings.TrimSuffix(l.A.Name, loraA), Rows: l.W.Rows, Cols: l.W.Cols, Rank: m.Rank, Scale: float64(l.Scale)}
		if p.A, p.B = floats(l.A.Data), floats(l.B.Data); l.table {
			p.A, p.B = lora.Transposed(p.B, p.Cols, p.Rank), p.A
		}
		a.Pairs = append(a.Pairs, p)
	}
	for _, t := range m.trainedNorms() {
		a.Whole = append(a.Whole, lora.Whole{Name: t.Name, Type: quant.F32, Shape: t.shape(), Data: bytesOf(floats(t.Data))})
	}
	if err := a.Write(path, quant.F32, nil); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// merged returns l's weights with its adapter, W + Scale·B·A, in float32. Without an adapter, it
// returns W.
func merged(w *workers, l *Linear[float32]) []float32 {
	t := l.W
	data := make([]float32, t.Rows*t.Cols)
	if t.Weights != nil {
		quant.Decode(t.Weights.Type, data, t.Weights.Data)
	} else {
		copy(data, t.Data)
	}
	if l.A == nil {
		return data
	}
	delta := make([]float32, len(data))
	first, second := l.B, l.A.matrix() // B·A
	if l.table {
		first, second = l.A, l.B.matrix().t() // A·Bᵀ
	}
	scaled := make([]float32, len(first.Data))
	for i, x := range first.Data {
		scaled[i] = x * l.Scale
	}
	mul(w, &product[float32]{dst: delta, stride: t.Cols, m: t.Rows, n: t.Cols, k: first.Cols, a: rows(scaled, first.Cols), b: second})
	addTo(data, delta)
	return data
}

// WriteModel writes the trained model, with its adapters merged, as a GGUF file in
// float32. kv is the metadata. extra are tensors of the base that are copied unchanged.
func (t *Trainer) WriteModel(path string, kv []gguf.KV, extra []gguf.Tensor) error {
	m := t.Model
	linear := map[*Tensor[float32]]*Linear[float32]{m.Output: &m.OutputLoRA, m.Embed: &m.EmbedLoRA}
	m.eachLinear(func(_ int, x member[float32]) { linear[x.linear.W] = x.linear })
	var tensors []gguf.Tensor
	var from []*Linear[float32]
	add := func(name string, x *Tensor[float32], l *Linear[float32]) {
		if l == nil {
			l = &Linear[float32]{W: x}
		}
		tensors, from = append(tensors, gguf.Tensor{Name: name, Type: quant.F32, Shape: x.shape()}), append(from, l)
	}
	for _, x := range m.Tensors() {
		if !isAdapter(x.Name) {
			add(x.Name, x, linear[x])
		}
	}
	if m.Tied() && (m.EmbedLoRA.A != nil || m.OutputLoRA.A != nil) { // the adapters make embedding and output different matrices
		add(arch.Output.Weight(), m.Output, &m.OutputLoRA)
	}
	w, err := gguf.Create(path, kv, append(tensors, extra...))
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer w.Abort()
	write := func() error {
		for i, l := range from {
			if err := w.WriteTensor(tensors[i].Name, bytesOf(merged(&t.engine.workers, l))); err != nil {
				return err
			}
		}
		for _, x := range extra {
			if err := w.WriteTensor(x.Name, x.Data); err != nil {
				return err
			}
		}
		return t.engine.err
	}
	if err := gguf.Guard(write); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := w.Commit(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

func isAdapter(name string) bool {
	return strings.HasSuffix(name, loraA) || strings.HasSuffix(name, loraB)
}
