package arch

import "slices"

// Role is what a tensor is for. Its text is the tensor's usual name in GGUF, without
// "blk.N." and ".weight".
type Role string

// The roles of tensors, with the usual shape of each, outermost dimension first.
const (
	TokenEmbed Role = "token_embd"         // [Vocab, Embd]
	RopeFreqs  Role = "rope_freqs"         // [RopePairs] divisors of the frequencies
	RopeLong   Role = "rope_factors_long"  // the same, for contexts longer than the training's
	RopeShort  Role = "rope_factors_short" // the same, for all others
	OutputNorm Role = "output_norm"        // [Embd]
	Output     Role = "output"             // [Vocab, Embd]; where absent, TokenEmbed serves

	AttnNorm  Role = "attn_norm"   // [Embd]
	AttnQ     Role = "attn_q"      // [Q, Embd]
	AttnK     Role = "attn_k"      // [K, Embd]
	AttnV     Role = "attn_v"      // [V, Embd]
	AttnQNorm Role = "attn_q_norm" // [Key] of each query head
	AttnKNorm Role = "attn_k_norm" // [Key] of each key head
	AttnQKV   Role = "attn_qkv"    // [QKV, Embd] queries, keys and values in one
	AttnOut   Role = "attn_output" // [Embd, Heads]

	AttnSinks    Role = "attn_sinks"          // [QueryHeads] a score without value of each query head
	AttnPostNorm Role = "post_attention_norm" // [Embd] of what attention gives
	FFNPostNorm  Role = "post_ffw_norm"       // [Embd] of what the network gives

	TokenInputs   Role = "per_layer_token_embd" // [Vocab, AllInputs] what a token gives to each layer
	InputProj     Role = "per_layer_model_proj" // [AllInputs, Embd] what its embedding gives
	InputNorm     Role = "per_layer_proj_norm"  // [LayerInput] of what the embedding gives
	InputGate     Role = "inp_gate"             // [LayerInput, Embd]
	InputOut      Role = "proj"                 // [Embd, LayerInput]
	InputPostNorm Role = "post_norm"            // [Embd]
	LayerScale    Role = "layer_output_scale"   // [Single] of all that leaves a layer

	ConvIn   Role = "shortconv.in_proj"  // [Embd3, Embd] of a short convolution
	ConvTaps Role = "shortconv.conv"     // [Embd, Taps]
	ConvOut  Role = "shortconv.out_proj" // [Embd, Embd]

	DeltaIn    Role = "attn_qkv"    // [DeltaChannels, Embd] queries, keys and values of a gated delta rule
	DeltaGate  Role = "attn_gate"   // [DeltaInner, Embd]
	DeltaTaps  Role = "ssm_conv1d"  // [DeltaChannels, Taps]
	DeltaAlpha Role = "ssm_alpha"   // [DeltaHeads, Embd]
	DeltaBeta  Role = "ssm_beta"    // [DeltaHeads, Embd]
	DeltaA     Role = "ssm_a"       // [DeltaHeads]
	DeltaDt    Role = "ssm_dt.bias" // [DeltaHeads]
	DeltaNorm  Role = "ssm_norm"    // [DeltaValue]
	DeltaOut   Role = "ssm_out"     // [Embd, DeltaInner]

	FFNNorm Role = "ffn_norm"     // [Embd]
	FFNGate Role = "ffn_gate"     // [FFN, Embd]
	FFNUp   Role = "ffn_up"       // [FFN, Embd]
	FFNDown Role = "ffn_down"     // [Embd, FFN]
	GateUp  Role = "ffn_gate_up"  // [FFN2, Embd] gate and up in one
	Router  Role = "ffn_gate_inp" // [Experts, Embd]

	SharedFFNGate Role = "ffn_gate_shexp"     // [FFNShared, Embd] of the expert that every token uses
	SharedFFNUp   Role = "ffn_up_shexp"       // [FFNShared, Embd]
	SharedFFNDown Role = "ffn_down_shexp"     // [Embd, FFNShared]
	SharedRouter  Role = "ffn_gate_inp_shexp" // [Single, Embd]

	RouterScale     Role = "ffn_gate_inp.scale"  // [Embd] of what the router reads, RMSNorm of the state divided by the root of its length
	ExpertsNorm     Role = "pre_ffw_norm_2"      // [Embd] of what the experts read, where that is not what all tokens' network reads
	ExpertsScale    Role = "ffn_down_exps.scale" // [Experts] of their weights
	ExpertsPostNorm Role = "post_ffw_norm_2"     // [Embd] of what they give together
	SharedPostNorm  Role = "post_ffw_norm_1"     // [Embd] of what the network gives that all tokens use
)

// Weight returns the end of the names of the role's weights.
func (r Role) Weight() string { return string(r) + ".weight" }

// Tensor is a tensor that an architecture has, once or in every layer.
type Tensor struct {
	Role Role
	Name string // in GGUF, as Role; "": the same

	Stack      Dim // how many matrices lie one after the other; One: it is no stack
	Rows, Cols Dim // of each; a vector has One row

	In    Mixer  // the layers that have it
	Parts []Part // that rows of it are, one after the other; nil: it is one matrix

	Bare     bool // its name has no ".weight" behind it
	Optional bool // a file may be without it
	Bias     bool // it must have a bias; any matrix may. Of a vector, LayerNorm's
	Unscaled bool // what is called NAME.scale is not a factor of its products

	HF      string   // in a Hugging Face checkpoint, without "model.layers.N." and ".weight"; %d is the expert
	BareHF  bool     // it has no ".weight" there, but in GGUF
	Stacked *Stacked // another form of it there; nil: there is none

	Meta string // in Meta's own checkpoints, without "layers.N." and ".weight"
	Cut  Cut    // among the files of those
}

// Mixer says which layers have a tensor: by how they read earlier positions, and by whether
// they have keys or an input of their own.
type Mixer int

const (
	AllLayers   Mixer = iota
	AttnLayers        // by attention
	ConvLayers        // by a short convolution
	DeltaLayers       // by a gated delta rule
	OwnKVLayers       // by attention to keys of their own, not those of an earlier layer
	InputLayers       // layers, and models, where every layer has an input of its own
)

// In reports whether a layer of the given sizes has tensors of that kind.
func (s *Sizes) In(m Mixer) bool {
	switch m {
	case AttnLayers:
		return s.Taps == 0
	case ConvLayers:
		return s.Taps > 0 && !s.Delta
	case DeltaLayers:
		return s.Delta
	case OwnKVLayers:
		return s.Taps == 0 && !s.SharedKV
	case InputLayers:
		return s.LayerInput > 0
	}
	return true
}

// Part is rows of a fused matrix that have a role of their own.
type Part struct {
	Role Role
	Rows Dim
}

// Roles returns the roles of the matrices that lie in the tensor, or in each of a stack.
func (t *Tensor) Roles() []Role {
	if t.Parts == nil {
		return []Role{t.Role}
	}
	roles := make([]Role, len(t.Parts))
	for i, p := range t.Parts {
		roles[i] = p.Role
	}
	return roles
}

// Cut is how Meta's checkpoints divide a tensor among their files.
type Cut int

const (
	CutNot  Cut = iota // every file has all of it
	CutRows            // the first file has the first rows
	CutCols            // the first file has the first columns of every row
)

// GGUF returns the tensor's name in GGUF, without "blk.N." and ".weight".
func (t *Tensor) GGUF() string {
	if t.Name != "" {
		return t.Name
	}
	return string(t.Role)
}

// File returns the tensor's name in files, without "blk.N.".
func (t *Tensor) File() string { return t.GGUF() + t.Suffix() }

// Suffix returns what follows the names that Tensors yields in files.
func (t *Tensor) Suffix() string {
	if t.Bare {
		return ""
	}
	return ".weight"
}

// IsVector reports whether the tensor has one dimension.
func (t *Tensor) IsVector() bool { return t.Rows == One }

// Shape returns the tensor's shape in a model of the given sizes, outermost dimension
// first.
func (t *Tensor) Shape(s *Sizes) []int {
	shape := []int{s.Of(t.Cols)}
	if t.Rows != One {
		shape = []int{s.Of(t.Rows), shape[0]}
	}
	if t.Stack != One {
		shape = slices.Insert(shape, 0, s.Of(t.Stack))
	}
	return shape
}

// with returns a copy of list with changes. A tensor of changes replaces the one of the same
// role. A new role is inserted behind the tensor that precedes it in changes, or at the end.
func with(list []Tensor, changes ...Tensor) []Tensor {
	list = slices.Clone(list)
	at := len(list)
	for _, t := range changes {
		if i := slices.IndexFunc(list, func(old Tensor) bool { return old.Role == t.Role }); i >= 0 {
			list[i], at = t, i+1
			continue
		}
		list = slices.Insert(list, at, t)
		at++
	}
	return list
}
