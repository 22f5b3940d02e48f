package peft

import (
	"fmt"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/lora"
	"alpaca/internal/machine"
)

// stack has the pairs of all experts of a layer for one
// of their matrices. An expert without a pair has nil.
type stack struct {
	experts []*lora.Pair
}

// pair joins the experts' pairs to one pair, which has the highest
// rank and a single scale. It pads pairs of a lower rank with zeros.
func (s *stack) pair(name string) (lora.Pair, error) {
	all := lora.Pair{Name: name, Stack: len(s.experts)}
	for _, p := range s.experts {
		if p == nil {
			continue
		}
		if all.Rank == 0 {
			all.Rows, all.Cols, all.Scale = p.Rows, p.Cols, p.Scale
		}
		all.Rank = max(all.Rank, p.Rank)
	}
	if err := machine.Reserve(4 * int64(all.Stack) * int64(all.Rank) * int64(all.Cols+all.Rows)); err != nil {
		return all, fmt.Errorf("tensor %q: the adapters of %d experts, with rank %d: %w", name, all.Stack, all.Rank, err)
	}
	all.A = make([]float32, all.Stack*all.Rank*all.Cols)
	all.B = make([]float32, all.Stack*all.Rows*all.Rank)
	for e, p := range s.experts {
		if p == nil {
			continue
		}
		copy(all.A[e*all.Rank*all.Cols:], p.A)
		for i, v := range p.B {
			if p.Scale != all.Scale {
				v = float32(float64(v) * p.Scale / all.Scale)
			}
			all.B[(e*all.Rows+i/p.Rank)*all.Rank+i%p.Rank] = v
		}
	}
	return all, nil
}

// fused returns the one or two GGUF tensors that h changes, if h is the adapter
// of a parameter with the matrices of all experts. Otherwise it returns nil. If
// a module has several such parameters, their shapes tell them apart.
func (r *reader) fused(h *half) (list []*arch.Tensor) {
	layer, rest := layerOf(h.module)
	if layer < 0 || layer >= len(r.base.Layers) {
		return nil
	}
	s := &r.base.Layers[layer]
	for i := range r.base.Arch.MoE {
		t := &r.base.Arch.MoE[i]
		if t.Stacked == nil || s.NumExperts == 0 {
			continue
		}
		module, _ := cutLast(t.Stacked.Name)
		rows := s.Of(t.Rows)
		if t.Stacked.Rows != arch.AllRows {
			rows *= 2
		}
		if module == rest && h.a.Shape[1] == s.Of(t.Cols) && h.b.Shape[0] == rows {
			list = append(list, t)
		}
	}
	return list
}

// layerOf returns the layer of a module, and the module's name
// in the layer. The layer is -1 if the module is not in a layer.
func layerOf(module string) (layer int, rest string) {
	text, ok := strings.CutPrefix(arch.CutPrefix(module), "layers.")
	if _, err := fmt.Sscanf(text, "%d.", &layer); !ok || err != nil || layer < 0 {
		return -1, ""
	}
	_, rest, _ = strings.Cut(text, ".")
	return layer, rest
}

// cutLast splits a name at its last dot.
func cutLast(name string) (before, after string) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:]
}

// parameters adds the pairs of a parameter that has the matrices of all experts
// (target_parameters). The rows of A are ordered by expert, then by rank. The columns of B are
// ordered by rank, then by expert.
func (r *reader) parameters(h *half) error {
	layer, _ := layerOf(h.module)
	s := &r.base.Layers[layer]
	experts := s.NumExperts
	all := h.a.Shape[0]
	if all%experts != 0 || h.b.Shape[1] != all {
		return fmt.Errorf("module %q has %d experts, but its adapter is %v·%v", h.module, experts, h.b.Shape, h.a.Shape)
	}
	a, err := h.a.Float32s()
	if err != nil {
		return err
	}
	b, err := h.b.Float32s()
	if err != nil {
		return err
	}
	rank := all / experts
	for _, t := range r.fused(h) {
		_, parameter := cutLast(t.Stacked.Name)
		scale, err := r.config.scale(h.module+"."+parameter, rank)
		if err != nil {
			return err
		}
		p := lora.Pair{
			Name: arch.LayerPrefix(layer) + t.File(), Stack: experts, Rows: s.Of(t.Rows), Cols: s.Of(t.Cols), Rank: rank, A: a, Scale: scale,
			B: make([]float32, experts*s.Of(t.Rows)*rank),
		}
		for e := range experts {
			for row := range p.Rows {
				from := sharedRow(t.Stacked.Rows, row, p.Rows)
				for k := range rank {
					p.B[(e*p.Rows+row)*rank+k] = b[from*all+k*experts+e]
				}
			}
		}
		r.out.Pairs = append(r.out.Pairs, p)
	}
	return nil
}

// sharedRow returns the number that a row of one part of a fused matrix has in the whole matrix.
// row is the row's number in the part, which has n rows.
func sharedRow(share arch.Share, row, n int) int {
	switch share {
	case arch.LastHalf:
		return n + row
	case arch.EvenRows:
		return 2 * row
	case arch.OddRows:
		return 2*row + 1
	}
	return row
}
