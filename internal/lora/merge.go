package lora

import (
	"fmt"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Merge merges adapters into a model's weights, in the order of
// the calls of Add. Each adapter is multiplied by its scale.
type Merge struct {
	adapters []scaled
}

type scaled struct {
	*Adapter
	scale float64
}

// Add adds an adapter.
func (m *Merge) Add(a *Adapter, scale float64) { m.adapters = append(m.adapters, scaled{a, scale}) }

// names returns the names of the tensors that m changes.
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

// Len returns the number of tensors that m changes.
func (m *Merge) Len() int { return len(m.names()) }

// Check returns an error if f lacks a tensor that m changes. Only the
// output matrix may be missing, because it may be tied to the embedding.
func (m *Merge) Check(f *gguf.File) error {
	for name := range m.names() {
		if f.Tensor(name) == nil && name != arch.Output.Weight() {
			return fmt.Errorf("lora: %s: no tensor %q: an adapter cannot be merged into a file that has this tensor in parts", f.Path, name)
		}
	}
	return nil
}

// More returns the tensors that the merged model has and f lacks. This is the output
// matrix, if f's output is tied to its embedding and an adapter changes the output.
func (m *Merge) More(f *gguf.File) []gguf.Tensor {
	name := arch.Output.Weight()
	if !m.names()[name] || f.Tensor(name) != nil {
		return nil
	}
	t := *f.Tensor(arch.TokenEmbed.Weight())
	t.Name = name
	return []gguf.Tensor{t}
}

// Change returns a function that changes rows of tensor t, or nil if m does not change t.
// The argument x has whole rows of t, and row is the number of the first of these rows.
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

// AddTo adds scale times the pair to x, a row of the pair's tensor. row is the
// number of that row. In a stack, the numbers of rows continue from each matrix to
// the next. Sums are in float64, so each weight is rounded to float32 only once.
func (p *Pair) AddTo(x []float32, row int, scale float64) {
	matrix := row / p.Rows
	a := p.A[matrix*p.Rank*p.Cols:][:p.Rank*p.Cols]
	b := p.B[row*p.Rank:][:p.Rank]
	sums := make([]float64, p.Cols)
	for k, by := range b {
		by := float64(by)
		for j, v := range a[k*p.Cols:][:p.Cols] {
			sums[j] += float64(by * float64(v)) // the product is exact, so a fused multiply-add gives the same sum
		}
	}
	for j, sum := range sums {
		x[j] = float32(float64(x[j]) + float64(scale*p.Scale*sum))
	}
}

// MoveTo moves x, a row of the tensor that w replaces, towards the same row
// y of w. It sets x to x + scale·(y - x). row is the number of that row.
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
