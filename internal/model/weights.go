package model

import (
	"fmt"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant/matmul"
)

// Weights are views of the file's tensors, checked against the Config. A matrix has a row for
// each output, and stays in the file's format. Vectors are decoded to float32.
type Weights struct {
	TokenEmbed matmul.Matrix // [VocabSize, Dim] token_embd.weight
	OutputNorm []float32     // [Dim] output_norm.weight; for LayerNorm [2, Dim]: weights and biases
	Inputs     LayerInputs   // empty unless the model's layers have inputs of their own
	Output     Linear        // [VocabSize, Dim] output.weight, or TokenEmbed if the file has none
	RopeFreqs  []float32     // [Rope.Dim/2] rope_freqs.weight, or nil for none
	RopeLong   []float32     // [Rope.Dim/2] rope_factors_long.weight, or nil for none
	RopeShort  []float32     // [Rope.Dim/2] rope_factors_short.weight, or nil for none
	Layers     []Layer
}

// Layer has the weights of one layer, blk.N. A norm that is a LayerNorm has twice as many
// elements: first the weights, then the biases.
type Layer struct {
	AttnNorm  []float32 // [Dim]
	AttnQ     Linear    // [NumHeads*KeyDim, Dim]
	AttnK     Linear    // [NumKVHeads*KeyDim, Dim]
	AttnV     Linear    // [NumKVHeads*ValueDim, Dim]
	AttnQNorm []float32 // [KeyDim] the norm of each query head; nil: none
	AttnKNorm []float32 // [KeyDim] the norm of each key head; nil: none

	normsQ, normsK int    // how many heads have a LayerNorm of their own in AttnQNorm and in AttnKNorm; 0: one RMSNorm for all heads
	AttnOut        Linear // [Dim, NumHeads*ValueDim] attn_output

	ConvIn   Linear    // [3*Dim, Dim] shortconv.in_proj, in layers with a convolution instead of attention
	ConvTaps []float32 // [Dim, Taps] shortconv.conv
	ConvOut  Linear    // [Dim, Dim] shortconv.out_proj

	Delta DeltaNet // empty unless the layer has a gated delta rule

	AttnVNorm []float32 // [ValueDim] the norm of each value head, all 1; nil: none

	AttnSinks    []float32 // [NumHeads] attention sinks: scores without a position; nil: none
	AttnPostNorm []float32 // [Dim] the norm of attention's output; nil: none

	FFNNorm     []float32 // [Dim]
	FFNPostNorm []float32 // [Dim] the norm of the feed-forward network's output; nil: none
	FFN         FFN       // the feed-forward network; empty in layers with experts
	Router      Linear    // [NumExperts, Dim] ffn_gate_inp, in layers with experts
	Experts     []FFN     // [NumExperts]
	Shared      FFN       // the expert that all tokens use in addition; empty: none
	SharedGate  Linear    // [1, Dim] ffn_gate_inp_shexp, the gate of Shared's output; empty: none

	RouterNorm      []float32 // [Dim] the norm of the router's input, ffn_gate_inp.scale/sqrt(Dim); nil: the router reads the experts' input
	ExpertsNorm     []float32 // [Dim] the norm of the experts' input; nil: FFNNorm
	ExpertsScale    []float32 // [NumExperts] factors of the experts' weights; nil: 1
	ExpertsPostNorm []float32 // [Dim] the norm of the sum of the experts' outputs; nil: none
	SharedPostNorm  []float32 // [Dim] the norm of Shared's output; nil: none

	Input         FFN       // for the layer's own input: Up [LayerInput, Dim] inp_gate and Down [Dim, LayerInput] proj
	InputPostNorm []float32 // [Dim] the norm of Input's output
	OutScale      []float32 // [1] layer_output_scale, the factor of the layer's output; nil: 1
}

// Parallel reports whether the feed-forward network reads the same input as attention, and
// not attention's output. Such layers have no FFNNorm.
func (l *Layer) Parallel() bool { return l.AttnNorm != nil && l.FFNNorm == nil }

// Each calls f for each matrix of the layer, except those of Experts.
func (l *Layer) Each(f func(*Linear)) {
	for _, x := range []*Linear{
		&l.AttnQ, &l.AttnK, &l.AttnV, &l.AttnOut, &l.ConvIn, &l.ConvOut,
		&l.Delta.In, &l.Delta.Gate, &l.Delta.Alpha, &l.Delta.Beta, &l.Delta.Out, &l.FFN.Gate, &l.FFN.Up, &l.FFN.Down,
		&l.Input.Up, &l.Input.Down, &l.Router, &l.Shared.Gate, &l.Shared.Up, &l.Shared.Down, &l.SharedGate,
	} {
		if x.W.Rows > 0 {
			f(x)
		}
	}
}

// FFN is a feed-forward network: Down·(act(Gate·x) * (Up·x)), or Down·act(Up·x) if it has no
// Gate.
type FFN struct {
	Gate Linear // [FFNDim, Dim]
	Up   Linear // [FFNDim, Dim]
	Down Linear // [Dim, FFNDim]
}

// Linear is a matrix with an optional scale and bias.
type Linear struct {
	Name  string // the name of the tensor, such as blk.0.attn_q.weight
	First int    // the row of the tensor where W begins; not 0 if another matrix comes before W in the tensor
	Of    int    // the number of rows of the tensor; 0: W has all of them
	W     matmul.Matrix
	Scale float32   // the factor of products, NAME.scale; 0: 1
	Bias  []float32 // [W.Rows]; nil: none
}

// place returns the field for the tensor of a role: a *Linear or a *[]float32. It returns nil
// for roles that belong to a layer.
func (w *Weights) place(role arch.Role, embed *Linear) any {
	switch role {
	case arch.TokenEmbed:
		return embed
	case arch.TokenInputs:
		return &w.Inputs.Tokens
	case arch.InputProj:
		return &w.Inputs.Proj
	case arch.InputNorm:
		return &w.Inputs.Norm
	case arch.RopeFreqs:
		return &w.RopeFreqs
	case arch.RopeLong:
		return &w.RopeLong
	case arch.RopeShort:
		return &w.RopeShort
	case arch.OutputNorm:
		return &w.OutputNorm
	case arch.Output:
		return &w.Output
	}
	return nil
}

// place returns the field for the tensor of a role in a layer.
func (l *Layer) place(role arch.Role) any {
	switch role {
	case arch.AttnNorm:
		return &l.AttnNorm
	case arch.AttnQ:
		return &l.AttnQ
	case arch.AttnK:
		return &l.AttnK
	case arch.AttnV:
		return &l.AttnV
	case arch.AttnQNorm:
		return &l.AttnQNorm
	case arch.AttnKNorm:
		return &l.AttnKNorm
	case arch.AttnOut:
		return &l.AttnOut
	case arch.ConvIn:
		return &l.ConvIn
	case arch.ConvTaps:
		return &l.ConvTaps
	case arch.ConvOut:
		return &l.ConvOut
	case arch.AttnSinks:
		return &l.AttnSinks
	case arch.AttnPostNorm:
		return &l.AttnPostNorm
	case arch.FFNNorm:
		return &l.FFNNorm
	case arch.FFNPostNorm:
		return &l.FFNPostNorm
	case arch.Router:
		return &l.Router
	case arch.RouterScale:
		return &l.RouterNorm
	case arch.ExpertsNorm:
		return &l.ExpertsNorm
	case arch.ExpertsScale:
		return &l.ExpertsScale
	case arch.ExpertsPostNorm:
		return &l.ExpertsPostNorm
	case arch.SharedPostNorm:
		return &l.SharedPostNorm
	case arch.InputGate:
		return &l.Input.Up
	case arch.InputOut:
		return &l.Input.Down
	case arch.InputPostNorm:
		return &l.InputPostNorm
	case arch.LayerScale:
		return &l.OutScale
	case arch.SharedFFNGate:
		return &l.Shared.Gate
	case arch.SharedFFNUp:
		return &l.Shared.Up
	case arch.SharedFFNDown:
		return &l.Shared.Down
	case arch.SharedRouter:
		return &l.SharedGate
	}
	if place := l.Delta.place(role); place != nil {
		return place
	}
	return l.FFN.place(role)
}

// place returns the field for the matrix of a role in a feed-forward network.
func (f *FFN) place(role arch.Role) any {
	switch role {
	case arch.FFNGate:
		return &f.Gate
	case arch.FFNUp:
		return &f.Up
	case arch.FFNDown:
		return &f.Down
	}
	return nil
}

// sameShape reports whether two shapes are the same, except for outer dimensions of 1.
func sameShape(a, b []int) bool {
	for len(a) > len(b) && a[0] == 1 {
		a = a[1:]
	}
	for len(b) > len(a) && b[0] == 1 {
		b = b[1:]
	}
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// strangers returns an error if the file has a tensor that other architectures use, but that
// the model's architecture a does not use. Ignoring such a tensor would change the answers.
func strangers(f *gguf.File, a *arch.Arch, experts bool) error {
	has := map[string]bool{}
	for _, other := range arch.All() {
		for name := range other.Tensors(1, experts) {
			name, _ = strings.CutSuffix(name, ".bias")
			has[name] = has[name] || other == a
		}
	}
	for i := range a.MoE {
		for _, p := range a.MoE[i].Parts {
			has[arch.LayerPrefix(0)+stackOf(p.Role)] = true
		}
	}
	for i := range f.Tensors {
		name, _ := strings.CutSuffix(f.Tensors[i].Name, ".weight")
		if strings.HasSuffix(name, ".scale") {
			continue // matrices of any architecture may have a scale
		}
		name, _ = strings.CutSuffix(name, ".bias")
		if _, rest, ok := arch.CutLayer(name); ok {
			name = arch.LayerPrefix(0) + rest
		}
		if own, known := has[name]; known && !own {
			return fmt.Errorf("tensor %q in a model of architecture %q is %w", f.Tensors[i].Name, a.Name, ErrUnsupported)
		}
	}
	return nil
}
