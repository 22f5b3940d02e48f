package train

import (
	"fmt"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// adapted returns the linear layers that have an adapter, in the order of the model.
func (m *Model[T]) adapted() (list []*Linear[T]) {
	for i := range m.Layers {
		for _, l := range m.Layers[i].linears() {
			if l.A != nil {
				list = append(list, l)
			}
		}
	}
	for _, l := range []*Linear[T]{&m.EmbedLoRA, &m.OutputLoRA} {
		if l.A != nil {
			list = append(list, l)
		}
	}
	return list
}

// WriteAdapter writes the adapters of m as a GGUF file that llama.cpp loads: A as
// NAME.lora_a [rank, in] and B as NAME.lora_b [out, rank], in float32. What llama.cpp
// multiplies with is adapter.lora.alpha over the rank; a rank-stabilized alpha is written
// so that this comes to its scale. Norms that are trained beside them are written under
// their own names, and llama.cpp leaves them out; matrices are an error.
func (m *Model[T]) WriteAdapter(path, baseName string) error {
	list := m.adapted()
	if len(list) == 0 {
		return fmt.Errorf("train: %s: the model has no adapters", path)
	}
	if m.HasWholeMatrices() {
		return fmt.Errorf("train: %s: a file of adapters holds no trained embedding or output", path)
	}
	kv := []gguf.KV{
		{Key: "general.type", Value: gguf.Str("adapter")},
		{Key: "general.architecture", Value: gguf.Str(m.Arch)},
		{Key: "general.name", Value: gguf.Str(strings.TrimSpace(baseName + " LoRA"))},
		{Key: "adapter.type", Value: gguf.Str("lora")},
		{Key: "adapter.lora.alpha", Value: gguf.F32(float32(float64(list[0].Scale) * float64(m.Rank)))},
	}
	var tensors []gguf.Tensor
	var data [][]float32
	for _, l := range list {
		for _, t := range []*Tensor[T]{l.A, l.B} {
			tensors = append(tensors, gguf.Tensor{Name: t.Name, Type: quant.F32, Shape: t.shape()})
			data = append(data, floats(t.Data))
		}
	}
	for _, t := range m.trainedNorms() {
		tensors = append(tensors, gguf.Tensor{Name: t.Name, Type: quant.F32, Shape: t.shape()})
		data = append(data, floats(t.Data))
	}
	w, err := gguf.Create(path, kv, tensors)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer w.Abort()
	for i, t := range tensors {
		if err := w.WriteTensor(t.Name, bytesOf(data[i])); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if err := w.Commit(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// merged returns l's weights with its adapter, W + Scale·B·A, or without if it has none,
// in float32.
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

// WriteModel writes the trained model as a GGUF file in float32, adapters merged, with the
// metadata kv. extra are tensors of the base that are copied as they are.
func (t *Trainer) WriteModel(path string, kv []gguf.KV, extra []gguf.Tensor) error {
	m := t.Model
	linear := map[*Tensor[float32]]*Linear[float32]{m.Output: &m.OutputLoRA, m.Embed: &m.EmbedLoRA}
	for i := range m.Layers {
		for _, l := range m.Layers[i].linears() {
			linear[l.W] = l
		}
	}
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
	if m.Tied() && (m.EmbedLoRA.A != nil || m.OutputLoRA.A != nil) { // one matrix no longer
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
