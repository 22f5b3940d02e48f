package train

import (
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/model"
	"alpaca/internal/quant"
)

// Layer is the weights of one layer. Tensors that a model lacks are nil, and forward.go
// skips the steps that use them.
type Layer[T real] struct {
	Shape model.LayerConfig

	AttnNorm     Norm[T]
	Q, K, V, O   Linear[T]
	QKV          Linear[T] // queries, keys and values in one matrix, for attention or for a gated delta rule
	QNorm, KNorm Norm[T]   // norms of each head, or of all heads together
	Sinks        *Tensor[T]
	VNorm        Norm[T] // norm of each head's values; its weights are always 1
	AttnPostNorm Norm[T] // norm of attention's output
	ConvIn       Linear[T]
	ConvOut      Linear[T]
	Taps         *Tensor[T] // [channels, taps] of a short convolution, alone or before a gated delta rule
	DeltaGate    Linear[T]
	Alpha, Beta  Linear[T]
	A, Dt        *Tensor[T] // [heads]
	DeltaNorm    Norm[T]
	DeltaOut     Linear[T]
	FFNNorm      Norm[T]
	FFNPostNorm  Norm[T]
	Router       Linear[T] // with a router, Gate, Up and Down are the stacks of all experts
	Gate, Up     Linear[T] // Gate is nil in a network without a gate
	Down         Linear[T]
	GateUp       Linear[T] // gate and up in one matrix
	SharedGate   Linear[T] // the expert that all tokens use
	SharedUp     Linear[T]
	SharedDown   Linear[T]
	SharedRouter Linear[T]

	InputGate     Linear[T] // these four fields are for the layer's own input (inputs.go)
	InputOut      Linear[T]
	InputPostNorm Norm[T]
	OutScale      *Tensor[T] // [1] factor of the hidden state after the layer
}

// member is a part of a layer, with its role. One of linear, norm and vector is not nil.
type member[T real] struct {
	role   arch.Role
	linear *Linear[T]
	norm   *Norm[T]
	vector **Tensor[T] // any other tensor, even a matrix if it is not used in a product
}

// places returns all parts that a layer can have, in the order of the tensors in files.
func (l *Layer[T]) places() []member[T] {
	return []member[T]{
		{role: arch.AttnNorm, norm: &l.AttnNorm},
		{role: arch.AttnQ, linear: &l.Q}, {role: arch.AttnK, linear: &l.K}, {role: arch.AttnV, linear: &l.V},
		{role: arch.AttnQKV, linear: &l.QKV}, {role: arch.AttnOut, linear: &l.O},
		{role: arch.ConvIn, linear: &l.ConvIn}, {role: arch.ConvTaps, vector: &l.Taps}, {role: arch.ConvOut, linear: &l.ConvOut},
		{role: arch.DeltaGate, linear: &l.DeltaGate}, {role: arch.DeltaTaps, vector: &l.Taps},
		{role: arch.DeltaAlpha, linear: &l.Alpha}, {role: arch.DeltaBeta, linear: &l.Beta},
		{role: arch.DeltaA, vector: &l.A}, {role: arch.DeltaDt, vector: &l.Dt},
		{role: arch.DeltaNorm, norm: &l.DeltaNorm}, {role: arch.DeltaOut, linear: &l.DeltaOut},
		{role: arch.AttnSinks, vector: &l.Sinks},
		{role: arch.AttnQNorm, norm: &l.QNorm}, {role: arch.AttnKNorm, norm: &l.KNorm},
		{role: arch.AttnPostNorm, norm: &l.AttnPostNorm},
		{role: arch.FFNNorm, norm: &l.FFNNorm}, {role: arch.Router, linear: &l.Router},
		{role: arch.FFNGate, linear: &l.Gate}, {role: arch.FFNUp, linear: &l.Up}, {role: arch.GateUp, linear: &l.GateUp},
		{role: arch.FFNDown, linear: &l.Down},
		{role: arch.SharedFFNGate, linear: &l.SharedGate}, {role: arch.SharedFFNUp, linear: &l.SharedUp},
		{role: arch.SharedFFNDown, linear: &l.SharedDown}, {role: arch.SharedRouter, linear: &l.SharedRouter},
		{role: arch.FFNPostNorm, norm: &l.FFNPostNorm},
		{role: arch.InputGate, linear: &l.InputGate}, {role: arch.InputOut, linear: &l.InputOut},
		{role: arch.InputPostNorm, norm: &l.InputPostNorm}, {role: arch.LayerScale, vector: &l.OutScale},
	}
}

// place returns the member that has a role. ok is false if no layer has it.
func (l *Layer[T]) place(role arch.Role) (x member[T], ok bool) {
	for _, x := range l.places() {
		if x.role == role {
			return x, true
		}
	}
	return x, false
}

// members returns the parts that the layer has, in the order of the tensors in files.
func (l *Layer[T]) members() (list []member[T]) {
	for _, x := range l.places() {
		if x.weights() != nil && !(x.role == arch.DeltaTaps && l.ConvIn.W != nil) && !(x.role == arch.ConvTaps && l.ConvIn.W == nil) {
			list = append(list, x)
		}
	}
	return list
}

// weights returns the member's tensor without its bias, or nil if it is absent.
func (x *member[T]) weights() *Tensor[T] {
	switch {
	case x.linear != nil:
		return x.linear.W
	case x.norm != nil:
		return x.norm.W
	}
	return *x.vector
}

// tensors returns the member's tensors; some may be nil.
func (x *member[T]) tensors() []*Tensor[T] {
	switch {
	case x.linear != nil:
		return []*Tensor[T]{x.linear.W, x.linear.Bias, x.linear.A, x.linear.B}
	case x.norm != nil:
		return []*Tensor[T]{x.norm.W, x.norm.Bias}
	}
	return []*Tensor[T]{*x.vector}
}

// adaptable reports whether the member can have an adapter. As in peft, every matrix can have
// one, except the matrices of experts and of their router.
func (x *member[T]) adaptable() bool {
	return x.linear != nil && x.linear.W != nil && x.linear.W.Stack == 0 && x.role != arch.Router
}

// parallel reports whether the feed-forward network reads the same input
// as attention. Such layers have no separate norm for the network.
func (l *Layer[T]) parallel() bool { return l.AttnNorm.W != nil && l.FFNNorm.W == nil }

// mixOut returns the output matrix of attention, of the gated delta rule or of the
// convolution.
func (l *Layer[T]) mixOut() *Linear[T] {
	switch {
	case l.Shape.Delta:
		return &l.DeltaOut
	case l.Shape.Taps > 0:
		return &l.ConvOut
	}
	return &l.O
}

// module is a whole tensor that can be trained along with adapters.
type module[T real] struct {
	role  arch.Role
	layer int // -1: in no layer
	bias  bool
	t     *Tensor[T]
}

// modules returns the tensors that can be trained whole, along with adapters: norms, the
// embedding, and the output matrix unless it is tied.
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

// TrainModules makes whole tensors trainable, along with the adapters. These are the
// tensors for whose role the function wanted returns true. TrainModules returns their
// number. AddLoRA must be called before TrainModules, because it freezes all tensors.
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

// HasWholeMatrices reports whether the embedding or the output is trained whole, along with
// adapters. A file of adapters cannot hold them.
func (m *Model[T]) HasWholeMatrices() bool {
	return m.Rank > 0 && (m.Embed.Trainable() || m.Output.Trainable())
}

// HasTrainedNorms reports whether norms are trained along with the adapters.
func (m *Model[T]) HasTrainedNorms() bool { return m.Rank > 0 && len(m.trainedNorms()) > 0 }

// HasTrainedBiases reports whether biases of norms are trained along with the adapters. A file
// of adapters cannot hold them.
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
