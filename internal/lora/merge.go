package lora

import (
	"fmt"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Merge is adapters that are added to a model's weights, each as strong as its scale says,
// in their order.
type Merge struct {
	adapters []scaled
}

type scaled struct {
	*Adapter
	scale float64
}

// Add adds an adapter.
func (m *Merge) Add(a *Adapter, scale float64) { m.adapters = append(m.adapters, scaled{a, scale}) }

// names returns the tensors that are changed.
func (m *Merge) names() map[string]bool {
	names := map[string]bool{}
	for _, a := range m.adapters {
		if a.scale == 0 {
			continue
		}
		for i := range a.Pairs {
			names[a.Pairs[i].Name] = true
		}
		for i := range a.Whole {
			names[a.Whole[i].Name] = true
		}
	}
	return names
}

// Len returns how many tensors are changed.
func (m *Merge) Len() int { return len(m.names()) }

// Check returns an error if the file has not all of the tensors that are changed, but for an
// output that is tied to the embedding.
func (m *Merge) Check(f *gguf.File) error {
	for name := range m.names() {
		if f.Tensor(name) == nil && name != arch.Output.Weight() {
			return fmt.Errorf("lora: %s: no tensor %q: an adapter cannot be merged into files that have it in parts", f.Path, name)
		}
	}
	return nil
}

// More returns the tensors that the merged model has beside those of the file: an output of
// its own, where it was tied to the embedding and an adapter changes it.
func (m *Merge) More(f *gguf.File) []gguf.Tensor {
	name := arch.Output.Weight()
	if !m.names()[name] || f.Tensor(name) != nil {
		return nil
	}
	t := *f.Tensor(arch.TokenEmbed.Weight())
	t.Name = name
	return []gguf.Tensor{t}
}

// Change returns what makes the changes to rows of a tensor, nil for a tensor without any: x
// holds whole rows, of which the first has that number.
func (m *Merge) Change(t *gguf.Tensor) func(x []float32, row int) {
	if !m.names()[t.Name] {
		return nil
	}
	cols := t.Cols()
	return func(x []float32, row int) {
		for _, a := range m.adapters {
			p, w := a.Find(t.Name), a.FindWhole(t.Name)
			for i := 0; i < len(x)/cols && a.scale != 0; i++ {
				if p != nil {
					p.AddTo(x[i*cols:(i+1)*cols], row+i, a.scale)
				}
				if w != nil {
					w.MoveTo(x[i*cols:(i+1)*cols], row+i, a.scale)
				}
			}
		}
	}
}

// AddTo adds scale times the pair to x, a row of its tensor, which are counted through all
// matrices of a stack. Sums are in float64, so that each weight is rounded once.
func (p *Pair) AddTo(x []float32, row int, scale float64) {
	matrix := row / p.Rows
	a := p.A[matrix*p.Rank*p.Cols:][:p.Rank*p.Cols]
	b := p.B[row*p.Rank:][:p.Rank]
	sums := make([]float64, p.Cols)
	for k, by := range b {
		by := float64(by)
		for j, v := range a[k*p.Cols:][:p.Cols] {
			sums[j] += float64(by * float64(v)) // exact: fused or not is the same
		}
	}
	for j, sum := range sums {
		x[j] = float32(float64(x[j]) + float64(scale*p.Scale*sum))
	}
}

// MoveTo moves x, a row of the tensor whose place w takes, towards that of w: all the way
// by a scale of 1.
func (w *Whole) MoveTo(x []float32, row int, scale float64) {
	n := w.Type.RowBytes(len(x))
	own := make([]float32, len(x))
	quant.Decode(w.Type, own, w.Data[row*n:(row+1)*n])
	if scale == 1 {
		copy(x, own)
		return
	}
	for i, to := range own {
		x[i] = float32(float64(x[i]) + float64(scale*(float64(to)-float64(x[i]))))
	}
}
