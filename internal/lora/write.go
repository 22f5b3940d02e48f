package lora

import (
	"encoding/binary"
	"fmt"
	"math"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Write writes the adapter as a GGUF file that llama.cpp loads. The matrices have
// type t, or F16 if their rows do not fit the blocks of t. The file has one alpha,
// which llama.cpp divides by the rank of each pair. If a pair has another alpha,
// Write scales the pair's B to compensate for the difference. kv is further metadata.
func (a *Adapter) Write(path string, t quant.Type, kv []gguf.KV) error {
	alpha := a.Alpha()
	head := []gguf.KV{
		{Key: keyType, Value: gguf.Str("adapter")},
		{Key: keyArch, Value: gguf.Str(a.Arch)},
		{Key: keyForm, Value: gguf.Str("lora")},
		{Key: keyAlpha, Value: gguf.F32(alpha)},
	}
	for _, x := range []struct{ key, text string }{{keyName, a.Name}, {keyTask, a.Task}, {keyPrompt, a.Prompt}} {
		if x.text != "" {
			head = append(head, gguf.KV{Key: x.key, Value: gguf.Str(x.text)})
		}
	}
	var list []written
	for i := range a.Pairs {
		list = append(list, a.Pairs[i].written(t, alpha)...)
	}
	for i := range a.Whole {
		w := &a.Whole[i]
		list = append(list, written{gguf.Tensor{Name: w.Name, Type: w.Type, Shape: w.Shape}, w.Data})
	}
	tensors := make([]gguf.Tensor, len(list))
	for i := range list {
		tensors[i] = list[i].Tensor
	}
	w, err := gguf.Create(path, append(head, kv...), tensors)
	if err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	defer w.Abort()
	for i := range list {
		if err := w.WriteTensor(list[i].Name, list[i].data); err != nil {
			return fmt.Errorf("lora: %w", err)
		}
	}
	if err := w.Commit(); err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	return nil
}

// written is a tensor with its encoded data.
type written struct {
	gguf.Tensor
	data []byte
}

// Folded returns the number of pairs whose B Write scales, because their alpha differs from Alpha.
func (a *Adapter) Folded() (n int) {
	alpha := a.Alpha()
	for i := range a.Pairs {
		if a.Pairs[i].alpha() != alpha {
			n++
		}
	}
	return n
}

// Alpha returns the alpha of the file that Write writes. It is the most
// frequent alpha of the pairs other than 0, or 0 if there is no other.
func (a *Adapter) Alpha() (alpha float32) {
	counts, best := map[float32]int{}, 0
	for i := range a.Pairs {
		x := a.Pairs[i].alpha()
		if counts[x]++; counts[x] > best && x != 0 { // alpha 0 would mean a scale of 1
			alpha, best = x, counts[x]
		}
	}
	return alpha
}

func (p *Pair) alpha() float32 { return float32(p.Scale * float64(p.Rank)) }

// written returns a pair as two tensors.
func (p *Pair) written(t quant.Type, alpha float32) []written {
	a, b := p.A, p.B
	if own := p.alpha(); own != alpha {
		by := p.Scale
		if alpha != 0 {
			by = p.Scale * float64(p.Rank) / float64(alpha)
		}
		b = make([]float32, len(p.B))
		for i, v := range p.B {
			b[i] = float32(float64(v) * by)
		}
	}
	aShape, bShape := []int{p.Rank, p.Cols}, []int{p.Rows, p.Rank}
	if p.Stack > 0 {
		aShape, bShape = append([]int{p.Stack}, aShape...), append([]int{p.Stack}, bShape...)
	}
	if isTable(p.Name) { // both are transposed
		a, b = b, Transposed(a, p.Rank, p.Cols)
		aShape, bShape = []int{p.Rows, p.Rank}, []int{p.Cols, p.Rank}
	}
	return []written{encoded(p.Name+EndA, t, aShape, a), encoded(p.Name+EndB, t, bShape, b)}
}

// encoded returns x as a tensor of type t, or of F16 if rows do not fit the blocks of t.
func encoded(name string, t quant.Type, shape []int, x []float32) written {
	cols := shape[len(shape)-1]
	if cols%t.BlockLen() != 0 {
		t = quant.F16
	}
	if t == quant.F32 {
		data := make([]byte, 0, 4*len(x))
		for _, v := range x {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		return written{gguf.Tensor{Name: name, Type: t, Shape: shape}, data}
	}
	data := make([]byte, len(x)/cols*t.RowBytes(cols))
	quant.Encode(t, data, x, cols, nil)
	return written{gguf.Tensor{Name: name, Type: t, Shape: shape}, data}
}
