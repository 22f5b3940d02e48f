package train

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/model"
)

// hfNames says what the tensors of a model are called in Hugging Face's form of it, and in
// which order their rows lie there.
type hfNames struct {
	family *arch.Arch
	c      *model.Config
}

// hfMatrix is a matrix [rows, cols].
type hfMatrix struct {
	data       []float32
	rows, cols int
}

// table returns the line of the tensor that has a role.
func (n *hfNames) table(role arch.Role) *arch.Tensor {
	for t := range n.family.LayerTensors(n.c.NumExperts > 0) {
		if t.Role == role {
			return t
		}
	}
	return n.family.Tensor(role)
}

// of returns the name of a tensor without ".weight"; layer is -1 outside of layers.
func (n *hfNames) of(role arch.Role, layer int) string {
	hf := n.table(role).HF
	switch {
	case layer >= 0:
		return fmt.Sprintf("model.layers.%d.%s", layer, hf)
	case role != arch.Output:
		return "model." + hf
	}
	return hf
}

// target returns what peft finds the modules of that name by, and no others: the last part
// of the name, or the last two where other modules have the same last one.
func (n *hfNames) target(name string) string {
	parts := strings.Split(name, ".")
	last := parts[len(parts)-1]
	others := map[string]bool{}
	for t := range n.family.LayerTensors(n.c.NumExperts > 0) {
		if t.HF == last || strings.HasSuffix(t.HF, "."+last) {
			others[t.HF] = true
		}
	}
	if len(others) > 1 {
		return strings.Join(parts[len(parts)-2:], ".")
	}
	return last
}

// adapter returns A and B of the adapter of a layer's matrix in Hugging Face's order.
func (n *hfNames) adapter(role arch.Role, layer int, a, b hfMatrix) (low, high []float32) {
	l, d := &n.c.Layers[layer], &n.c.Delta
	switch {
	case n.family.Rotation == arch.Pairs && role == arch.AttnQ: // neighbours turn together
		return a.data, unpermute(b.data, l.NumHeads, b.rows, b.cols)
	case n.family.Rotation == arch.Pairs && role == arch.AttnK:
		return a.data, unpermute(b.data, l.NumKVHeads, b.rows, b.cols)
	case !l.Delta:
	case role == arch.DeltaOut:
		return transposed(n.values(transposed(a.data, a.rows, a.cols), d.Value*a.rows), a.cols, a.rows), b.data
	case role == arch.DeltaIn:
		keys := 2 * d.KeyHeads * d.Key * b.cols
		return a.data, slices.Concat(b.data[:keys], n.values(b.data[keys:], d.Value*b.cols))
	case role == arch.DeltaGate:
		return a.data, n.values(b.data, d.Value*b.cols)
	case role == arch.DeltaAlpha, role == arch.DeltaBeta:
		return a.data, n.values(b.data, b.cols)
	}
	return a.data, b.data
}

// values returns the heads of values, of size numbers each, in Hugging Face's order: there
// those that share a key head are neighbours, here they are KeyHeads apart.
func (n *hfNames) values(x []float32, size int) []float32 {
	d := &n.c.Delta
	out := make([]float32, len(x))
	each := d.Heads / d.KeyHeads
	for r := range d.Heads {
		to := r%d.KeyHeads*each + r/d.KeyHeads
		copy(out[to*size:(to+1)*size], x[r*size:])
	}
	return out
}

// vector returns the weights of a module in Hugging Face's form: of some models those of
// norms are 1 less there.
func (n *hfNames) vector(role arch.Role, x []float32) []float32 {
	if t := n.table(role); !n.family.ShortNorms || !t.IsVector() || role == arch.DeltaNorm {
		return x
	}
	less := make([]float32, len(x))
	for i, v := range x {
		less[i] = v - 1
	}
	return less
}

// unpermute returns the rows of b in Hugging Face's order: row 2i+j of a head of h becomes
// row j·h/2+i.
func unpermute(b []float32, heads, rows, cols int) []float32 {
	out := make([]float32, len(b))
	h := rows / heads
	for head := range heads {
		for i := range h / 2 {
			for j := range 2 {
				from, to := head*h+2*i+j, head*h+j*h/2+i
				copy(out[to*cols:(to+1)*cols], b[from*cols:(from+1)*cols])
			}
		}
	}
	return out
}
