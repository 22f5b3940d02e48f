package train

import (
	"alpaca/internal/arch"
	"alpaca/internal/quant"
)

// modules calls f for the tensors that may be trained beside adapters, with their roles:
// norms, the embedding, and the output where it is a tensor of its own.
func (m *Model[T]) modules(f func(role arch.Role, layer int, t *Tensor[T])) {
	f(arch.TokenEmbed, -1, m.Embed)
	for i := range m.Layers {
		l := &m.Layers[i]
		f(arch.AttnNorm, i, l.AttnNorm)
		if l.QNorm != nil {
			f(arch.AttnQNorm, i, l.QNorm)
			f(arch.AttnKNorm, i, l.KNorm)
		}
		f(arch.FFNNorm, i, l.FFNNorm)
	}
	f(arch.OutputNorm, -1, m.OutputNorm)
	if !m.Tied() {
		f(arch.Output, -1, m.Output)
	}
}

// TrainModules makes the tensors of the roles that wanted accepts trainable as a whole,
// beside the adapters, and returns how many these are. It comes after AddLoRA.
func (m *Model[T]) TrainModules(wanted func(role arch.Role) bool) (n int) {
	m.modules(func(role arch.Role, _ int, t *Tensor[T]) {
		if !wanted(role) {
			return
		}
		if w := t.Weights; w != nil {
			t.Data, t.Weights = make([]T, t.Rows*t.Cols), nil
			quant.Decode(w.Type, floats(t.Data), w.Data)
		}
		t.train()
		n++
	})
	return n
}

// HasWholeMatrices reports whether a matrix is trained as a whole beside the adapters: a
// file of adapters cannot hold it.
func (m *Model[T]) HasWholeMatrices() bool {
	return m.Rank > 0 && (m.Embed.Trainable() || m.Output.Trainable())
}

// HasTrainedNorms reports whether norms are trained beside the adapters.
func (m *Model[T]) HasTrainedNorms() bool { return m.Rank > 0 && len(m.trainedNorms()) > 0 }

// trainedNorms returns the norms that are trained.
func (m *Model[T]) trainedNorms() (list []*Tensor[T]) {
	m.modules(func(_ arch.Role, _ int, t *Tensor[T]) {
		if t.Vector && t.Trainable() {
			list = append(list, t)
		}
	})
	return list
}
