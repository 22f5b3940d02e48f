package arch

import "slices"

// Role is the purpose of a tensor. Its text is the tensor's usual name in GGUF, without
// "blk.N." and ".weight".
type Role string

// These are the roles of tensors, with their usual shapes. The outermost dimension comes first.
const (
	TokenEmbed Role = "token_embd"         // [Vocab, Embd]
	RopeFreqs  Role = "rope_freqs"         // [RopePairs] divisors of RoPE's frequencies
	RopeLong   Role = "rope_factors_long"  // [RopePairs] divisors for contexts that are longer than in training
	RopeShort  Role = "rope_factors_short" // [RopePairs] divisors for shorter contexts
	OutputNorm Role = "output_norm"        // [Embd]
	Output     Role = "output"             // [Vocab, Embd]; TokenEmbed is used if this tensor is absent

	AttnNorm  Role = "attn_norm"   // [Embd]
	AttnQ     Role = "attn_q"      // [Q, Embd]
	AttnK     Role = "attn_k"      // [K, Embd]
	AttnV     Role = "attn_v"      // [V, Embd]
	AttnQNorm Role = "attn_q_norm" // [Key] applied to each query head; [QueryHeads, Key] if each has a LayerNorm of its own
	AttnKNorm Role = "attn_k_norm" // [Key] applied to each key head; or [KVHeads, Key]
	AttnQKV   Role = "attn_qkv"    // [QKV, Embd] queries, keys and values in one matrix
	AttnOut   Role = "attn_output" // [Embd, Heads]

	AttnSinks    Role = "attn_sinks"          // [QueryHeads] for each query head, the score of its sink; a sink has no value
	AttnPostNorm Role = "post_attention_norm" // [Embd] norm of the output of attention
	FFNPostNorm  Role = "post_ffw_norm"       // [Embd] norm of the output of the feed-forward network

	TokenInputs   Role = "per_layer_token_embd" // [Vocab, AllInputs] for each token, the inputs of all layers
	InputProj     Role = "per_layer_model_proj" // [AllInputs, Embd] computes a part of the layers' inputs from the embedding
	InputNorm     Role = "per_layer_proj_norm"  // [LayerInput] norm of that part
	InputGate     Role = "inp_gate"             // [LayerInput, Embd]
	InputOut      Role = "proj"                 // [Embd, LayerInput]
	InputPostNorm Role = "post_norm"            // [Embd]
	LayerScale    Role = "layer_output_scale"   // [Single] factor of the output of a layer

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
	GateUp  Role = "ffn_gate_up"  // [FFN2, Embd] gate and up in one matrix
	Router  Role = "ffn_gate_inp" // [Experts, Embd]

	SharedFFNGate Role = "ffn_gate_shexp"     // [FFNShared, Embd] for the expert that every token uses
	SharedFFNUp   Role = "ffn_up_shexp"       // [FFNShared, Embd]
	SharedFFNDown Role = "ffn_down_shexp"     // [Embd, FFNShared]
	SharedRouter  Role = "ffn_gate_inp_shexp" // [Single, Embd]

	RouterScale     Role = "ffn_gate_inp.scale"  // [Embd] factors of the router's input, which is RMSNorm(state) / sqrt(Embd)
	ExpertsNorm     Role = "pre_ffw_norm_2"      // [Embd] norm of the experts' input; FFNNorm is used if this tensor is absent
	ExpertsScale    Role = "ffn_down_exps.scale" // [Experts] factors of the weights that the router gives the experts
	ExpertsPostNorm Role = "post_ffw_norm_2"     // [Embd] norm of the sum of the experts' outputs
	SharedPostNorm  Role = "post_ffw_norm_1"     // [Embd] norm of the output of the shared network
)

// Weight returns the role with ".weight" appended, which is the end of the tensor's name.
func (r Role) Weight() string { return string(r) + ".weight" }

// Tensor describes a tensor of an architecture. A model has the tensor once, or once in every
// layer.
type Tensor struct {
	Role Role
	Name string // name in GGUF, without "blk.N." and ".weight"; "": the same as Role

	Stack      Dim // number of matrices, one after the other; One: not a stack
	Rows, Cols Dim // size of each matrix; a vector has One row

	In    Mixer  // which layers have the tensor
	Parts []Part // the matrices of a fused matrix, in the order of their rows; nil: not fused

	Bare     bool // its name has no ".weight"
	Optional bool // files may lack it
	Bias     bool // it must have a bias; if false, a matrix may have a bias, and a norm is an RMSNorm
	Unscaled bool // a tensor NAME.scale in the file is not a factor of this matrix's products

	HF      string   // name in Hugging Face files, without "model.layers.N." and ".weight"; %d is the expert of a stack, or else the row
	BareHF  bool     // it has ".weight" in GGUF, but not in HF
	Stacked *Stacked // describes the HF tensor that has the matrices of all experts; nil: none

	Meta string // name in Meta's own checkpoints, without "layers.N." and ".weight"
	Cut  Cut    // how the tensor is divided among Meta's files
}

// Mixer says which layers have a tensor. That depends on how the layer reads
// earlier positions, and on whether the layer has keys or an input of its own.
type Mixer int

const (
	AllLayers   Mixer = iota
	AttnLayers        // with attention
	ConvLayers        // with a short convolution
	DeltaLayers       // with a gated delta rule
	OwnKVLayers       // with attention and keys of their own, not those of an earlier layer
	InputLayers       // in models where every layer has an input of its own; also outside of layers
)

// In reports whether a layer of the given sizes has the tensors of m.
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

// Part describes rows of a fused matrix that have a role of their own.
type Part struct {
	Role Role
	Rows Dim
}

// Roles returns the roles of the tensor's parts, or its own role if it has no parts. In a
// stack, each matrix has these parts.
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

// Cut says how Meta's checkpoints divide a tensor among their files.
type Cut int

const (
	CutNot  Cut = iota // every file has all of it
	CutRows            // each file has a part of the rows, in order
	CutCols            // each file has a part of the columns of every row, in order
)

// GGUF returns the tensor's name in GGUF, without "blk.N." and ".weight".
func (t *Tensor) GGUF() string {
	if t.Name != "" {
		return t.Name
	}
	return string(t.Role)
}

// File returns the tensor's name in GGUF with its suffix, but without "blk.N.".
func (t *Tensor) File() string { return t.GGUF() + t.Suffix() }

// Suffix returns ".weight", or "" if the tensor's name has no such suffix.
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

// with returns a copy of list with changes. A tensor of changes replaces
// the tensor of the same role in list. A tensor with a new role is
// inserted after the tensor that precedes it in changes, or at the end.
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
