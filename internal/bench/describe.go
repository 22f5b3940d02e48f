package bench

import (
	"fmt"
	"math"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
)

// Describe returns what a report says about m.
func Describe(m *model.Model) Model {
	d := Model{File: m.File.Path}
	elems := map[quant.Type]int64{}
	for i := range m.File.Tensors {
		t := &m.File.Tensors[i]
		d.Size += t.Bytes
		d.Params += int64(t.Elems())
		elems[t.Type] += int64(t.Elems())
	}
	d.Type = fmt.Sprintf("%s %s %s", m.Config.Arch, sizeLabel(d.Params), fileType(m.File, elems))
	d.Read, d.MulAdds = work(m)
	return d
}

// work returns Model.Read and Model.MulAdds of m.
func work(m *model.Model) (read, mulAdds int64) {
	use := func(l *model.Linear) {
		read += int64(len(l.W.Data))
		mulAdds += int64(l.W.Rows) * int64(l.W.Cols)
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		l.Each(use)
		for j := range l.Experts[:min(m.Config.NumUsed, len(l.Experts))] { // all experts have the same size
			use(&l.Experts[j].Gate)
			use(&l.Experts[j].Up)
			use(&l.Experts[j].Down)
		}
	}
	read += int64(len(m.Weights.Output.W.Data))
	return read, mulAdds
}

// sizeLabel rounds a number of weights as in names of models: "1B", "7B".
func sizeLabel(params int64) string {
	if params < 1e9 {
		return fmt.Sprintf("%.0fM", math.Max(1, math.Round(float64(params)/1e6)))
	}
	return fmt.Sprintf("%.0fB", math.Round(float64(params)/1e9))
}

// fileType returns the name of the file's mix of types, from its metadata. If there is no such
// metadata, it returns the name of the type that most weights have.
func fileType(f *gguf.File, elems map[quant.Type]int64) string {
	if n, found, err := f.Uint(gguf.KeyFileType); found && err == nil && n <= math.MaxUint32 {
		if name := gguf.FileType(n).Describe(); name != "" {
			return name
		}
	}
	var largest quant.Type
	for t, n := range elems {
		if n > elems[largest] || n == elems[largest] && t < largest {
			largest = t
		}
	}
	return strings.TrimSpace(largest.String())
}
