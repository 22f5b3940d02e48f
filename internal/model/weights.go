package model

import (
	"alpaca/internal/arch"
	"alpaca/internal/quant/matmul"
)

// Weights are views of the file's tensors, checked against the Config. Matrices
// have their outputs as rows and stay in the file's format; vectors are float32.
type Weights struct {
	TokenEmbed matmul.Matrix // [VocabSize, Dim] token_embd.weight
	OutputNorm []float32     // [Dim] output_norm.weight; of LayerNorm [2, Dim]: weights and biases
	Inputs     LayerInputs   // of models whose layers have inputs of their own
	Output     Linear        // [VocabSize, Dim] output.weight; where absent, TokenEmbed
	RopeFreqs  []float32     // [Rope.Dim/2] rope_freqs.weight, nil for none
	RopeLong   []float32     // [Rope.Dim/2] rope_factors_long.weight, nil for none
	RopeShort  []float32     // [Rope.Dim/2] rope_factors_short.weight, nil for none
	Layers     []Layer
}

// Layer is the weights of one layer, blk.N. Behind the weights of a LayerNorm its biases
// follow, as many again.
type Layer struct {
	AttnNorm  []float32 // [Dim]
	AttnQ     Linear    // [NumHeads*KeyDim, Dim]
	AttnK     Linear    // [NumKVHeads*KeyDim, Dim]
	AttnV     Linear    // [NumKVHeads*ValueDim, Dim]
	AttnQNorm []float32 // [KeyDim] of each query head; nil: they are not normalized
	AttnKNorm []float32 // [KeyDim] of each key head
	AttnOut   Linear    // [Dim, NumHeads*ValueDim] attn_output

	ConvIn   Linear    // [3*Dim, Dim] shortconv.in_proj, of layers without attention
	ConvTaps []float32 // [Dim, Taps] shortconv.conv
	ConvOut  Linear    // [Dim, Dim] shortconv.out_proj

	Delta DeltaNet // of layers with a gated delta rule

	AttnVNorm []float32 // [ValueDim] of each value head, all 1; nil: they are not normalized

	AttnSinks    []float32 // [NumHeads] scores without a position; nil for none
	AttnPostNorm []float32 // [Dim] of what attention gives; nil: it is not normalized

	FFNNorm     []float32 // [Dim]
	FFNPostNorm []float32 // [Dim] of what the network gives; nil: it is not normalized
	FFN         FFN       // the network, where there are no experts
	Router      Linear    // [NumExperts, Dim] ffn_gate_inp, where there are
	Experts     []FFN     // [NumExperts]
	Shared      FFN       // the expert that all tokens use, beside those chosen; empty for none
	SharedGate  Linear    // [1, Dim] ffn_gate_inp_shexp: how much of it a token takes; empty: all

	RouterNorm      []float32 // [Dim] of what the router reads: ffn_gate_inp.scale divided by the root of Dim; nil: it reads what the experts read
	ExpertsNorm     []float32 // [Dim] of what the experts read; nil: FFNNorm
	ExpertsScale    []float32 // [NumExperts] factors of their weights; nil: 1
	ExpertsPostNorm []float32 // [Dim] of what they give in sum; nil: it is not normalized
	SharedPostNorm  []float32 // [Dim] of what the expert gives that all tokens use; nil: the same

	Input         FFN       // Up [LayerInput, Dim] inp_gate and Down [Dim, LayerInput] proj, of the layer's own input
	InputPostNorm []float32 // [Dim] of what that gives
	OutScale      []float32 // [1] layer_output_scale: factor of the hidden state behind the layer; nil: 1
}

// Parallel reports whether the feed-forward network reads the same input as attention, not
// attention's result. Such layers have no norm for the network.
func (l *Layer) Parallel() bool { return l.AttnNorm != nil && l.FFNNorm == nil }

// Each calls f for each matrix that the layer has, except those of the experts among which its
// router chooses.
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

// FFN is a feed-forward network: Down·(act(Gate·x) * (Up·x)), or Down·act(Up·x) where
// there is no gate.
type FFN struct {
	Gate Linear // [FFNDim, Dim]
	Up   Linear // [FFNDim, Dim]
	Down Linear // [Dim, FFNDim]
}

// Linear is a matrix with an optional scale and bias.
type Linear struct {
	Name  string // of the tensor, such as blk.0.attn_q.weight
	First int    // the row of the tensor that it begins with, where several share one
	Of    int    // rows of that tensor; 0: W has them all
	W     matmul.Matrix
	Scale float32   // of the products, NAME.scale; 0 for 1
	Bias  []float32 // [W.Rows], nil for none
}

// place returns where the tensor of a role belongs: a *Linear or a *[]float32, nil for a role
// that belongs to a layer.
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

// place returns where the tensor of a role belongs in a layer.
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

// place returns where the tensor of a role belongs in a feed-forward network.
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

// sameShape reports whether two shapes are alike but for outer dimensions of 1.
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
