// Package lora has low-rank adapters (LoRA, arXiv:2106.09685), separate from the models that
// they change. An adapter has pairs of matrices, whose products are added to a model's matrices,
// and whole tensors, which replace tensors of the model. Read reads GGUF files, and package peft
// reads folders of Hugging Face's peft; both use GGUF's names of tensors. Package model
// evaluates models with adapters; Merge merges adapters into weights.
package lora

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/quant"
)

// Adapter is a LoRA adapter that was read from a file or a folder.
type Adapter struct {
	Path   string
	Arch   string // architecture of the models that it fits, as in general.architecture
	Name   string // general.name
	Task   string // adapter.lora.task_name
	Prompt string // adapter.lora.prompt_prefix
	Pairs  []Pair
	Whole  []Whole
	Notes  []string // what the user should know about how the adapter was read
}

// Pair is a low-rank addition to a matrix W, or to each matrix of a stack: W + Scale·B·A.
type Pair struct {
	Name       string // name of W's tensor, such as blk.0.attn_q.weight
	Stack      int    // number of stacked matrices; 0: one matrix, no stack
	Rows, Cols int    // size of each W
	Rank       int
	A          []float32 // [Stack, Rank, Cols]
	B          []float32 // [Stack, Rows, Rank]
	Scale      float64
}

// Whole is a tensor that replaces a tensor of the model.
type Whole struct {
	Name  string
	Type  quant.Type
	Shape []int // outermost dimension first
	Data  []byte
}

// Elems returns the number of elements.
func (w *Whole) Elems() int {
	n := 1
	for _, d := range w.Shape {
		n *= d
	}
	return n
}

// Values returns the elements as float32.
func (w *Whole) Values() []float32 {
	list := make([]float32, w.Elems())
	quant.Decode(w.Type, list, w.Data)
	return list
}

// Find returns the pair for the tensor with the given name, or nil if there is none.
func (a *Adapter) Find(name string) *Pair {
	for i := range a.Pairs {
		if a.Pairs[i].Name == name {
			return &a.Pairs[i]
		}
	}
	return nil
}

// FindWhole returns the tensor that replaces the model's tensor with the given name, or nil if
// there is none.
func (a *Adapter) FindWhole(name string) *Whole {
	for i := range a.Whole {
		if a.Whole[i].Name == name {
			return &a.Whole[i]
		}
	}
	return nil
}

// Rank returns the highest rank of the pairs.
func (a *Adapter) Rank() (rank int) {
	for i := range a.Pairs {
		rank = max(rank, a.Pairs[i].Rank)
	}
	return rank
}

// Check returns an error if the adapter is empty, or if a number
// in it is infinite or NaN. It sorts the tensors by their names.
func (a *Adapter) Check() error {
	if len(a.Pairs)+len(a.Whole) == 0 {
		return fmt.Errorf("the adapter has no tensors")
	}
	for i := range a.Pairs {
		p := &a.Pairs[i]
		if !(math.Abs(p.Scale) <= math.MaxFloat32) {
			return fmt.Errorf("tensor %q: the scale %v is not finite", p.Name, p.Scale)
		}
		for _, list := range [][]float32{p.A, p.B} {
			if j := quant.FirstNotFinite(list); j >= 0 {
				return fmt.Errorf("tensor %q: element %d of its adapter is %v", p.Name, j, list[j])
			}
		}
	}
	for i := range a.Whole {
		w := &a.Whole[i]
		cols := w.Shape[len(w.Shape)-1]
		n := w.Type.RowBytes(cols)
		row := make([]float32, cols)
		for at := 0; at+n <= len(w.Data) && n > 0; at += n {
			quant.Decode(w.Type, row, w.Data[at:at+n])
			if j := quant.FirstNotFinite(row); j >= 0 {
				return fmt.Errorf("tensor %q: row %d, column %d is %v", w.Name, at/n, j, row[j])
			}
		}
	}
	slices.SortFunc(a.Pairs, func(p, q Pair) int { return strings.Compare(p.Name, q.Name) })
	slices.SortFunc(a.Whole, func(p, q Whole) int { return strings.Compare(p.Name, q.Name) })
	return nil
}

// IsNorm reports whether the name of a tensor is the name of a norm.
func IsNorm(name string) bool {
	return strings.HasSuffix(name, "_norm.weight") || strings.HasSuffix(name, "_norm.bias")
}

// isTable reports whether name is the name of the embedding. In
// GGUF files, both matrices of the embedding's pair are transposed.
func isTable(name string) bool { return name == arch.TokenEmbed.Weight() }

// Transposed returns the transpose [cols, rows] of x [rows, cols].
func Transposed(x []float32, rows, cols int) []float32 {
	out := make([]float32, len(x))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = x[i*cols+j]
		}
	}
	return out
}
