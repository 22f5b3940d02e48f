package train

import (
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/quant"
)

// module is a tensor that may be trained beside adapters.
type module[T real] struct {
	role  arch.Role
	layer int // -1: outside of layers
	bias  bool
	t     *Tensor[T]
}

// modules returns the tensors that may be trained beside adapters, with their roles: norms,
// the embedding, and the output where it is a tensor of its own.
func (m *Model[T]) modules() (list []module[T]) {
	add := func(role arch.Role, layer int, t, bias *Tensor[T]) {
		if t != nil {
			list = append(list, module[T]{role, layer, false, t})
		}
		if bias != nil {
			list = append(list, module[T]{role, layer, true, bias})
		}
	}
	add(arch.TokenEmbed, -1, m.Embed, nil)
	for i := range m.Layers {
		for _, x := range m.Layers[i].members() {
			if x.norm != nil {
				add(x.role, i, x.norm.W, x.norm.Bias)
			}
		}
	}
	add(arch.OutputNorm, -1, m.OutputNorm.W, m.OutputNorm.Bias)
	if !m.Tied() {
		add(arch.Output, -1, m.Output, nil)
	}
	return list
}

// TrainModules makes the tensors of the roles that wanted accepts trainable as a whole,
// beside the adapters, and returns how many these are. It comes after AddLoRA.
func (m *Model[T]) TrainModules(wanted func(role arch.Role) bool) (n int) {
	for _, x := range m.modules() {
		if !wanted(x.role) {
			continue
		}
		t := x.t
		if w := t.Weights; w != nil {
			t.Data, t.Weights = make([]T, t.Rows*t.Cols), nil
			quant.Decode(w.Type, floats(t.Data), w.Data)
		}
		t.train()
		n++
	}
	return n
}

// HasWholeMatrices reports whether a matrix is trained as a whole beside the adapters: a
// file of adapters cannot hold it.
func (m *Model[T]) HasWholeMatrices() bool {
	return m.Rank > 0 && (m.Embed.Trainable() || m.Output.Trainable())
}

// HasTrainedNorms reports whether norms are trained beside the adapters.
func (m *Model[T]) HasTrainedNorms() bool { return m.Rank > 0 && len(m.trainedNorms()) > 0 }

// HasTrainedBiases reports whether biases of norms are: a file of adapters has no place for
// them.
func (m *Model[T]) HasTrainedBiases() bool {
	for _, t := range m.trainedNorms() {
		if m.Rank > 0 && strings.HasSuffix(t.Name, ".bias") {
			return true
		}
	}
	return false
}

// trainedNorms returns the norms that are trained.
func (m *Model[T]) trainedNorms() (list []*Tensor[T]) {
	for _, x := range m.modules() {
		if x.t.Vector && x.t.Trainable() {
			list = append(list, x.t)
		}
	}
	return list
}
