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

	HF      string   // in a Hugging Face checkpoint, without "model.layers.N." and ".weight"; %d is the expert
	BareHF  bool     // it has no ".weight" there, but in GGUF
	Stacked *Stacked // another form of it there; nil: there is none

	Meta string // in Meta's own checkpoints, without "layers.N." and ".weight"
	Cut  Cut    // among the files of those
}

// Mixer says which layers have a tensor: by what they look at the positions before, and
// what they have of their own.
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

// Dim is a size that shapes are made of.
type Dim int

const (
	One           Dim = iota // no dimension at all
	Vocab                    // rows of the embedding
	Embd                     // embedding_length
	FFN                      // feed_forward_length
	Q                        // all query heads
	K                        // keys of all key heads
	V                        // values of all key heads
	Heads                    // values for all query heads: what attention gives
	Key                      // one head of queries or keys
	Experts                  // expert_count
	QKV                      // Q, K and V together
	FFN2                     // twice FFN
	FFNExpert                // expert_feed_forward_length
	FFNShared                // expert_shared_feed_forward_length
	Single                   // a matrix of one row
	Embd3                    // three times Embd
	Taps                     // positions of a convolution
	Q2                       // twice Q: queries with their gates
	DeltaChannels            // queries, keys and values of a gated delta rule
	DeltaInner               // all values of it
	DeltaHeads               // heads of values
	DeltaValue               // one head of values
	QueryHeads               // a number of each query head
	RopePairs                // pairs of a head that turn
	LayerInput               // embedding_length_per_layer_input
	AllInputs                // that of all layers
)

// Sizes are the numbers behind the dimensions, of a model and one of its layers.
type Sizes struct {
	VocabSize  int
	Dim        int
	FFNDim     int
	NumHeads   int // of queries
	NumKVHeads int
	KeyDim     int
	ValueDim   int
	NumExperts int // 0: none
	ExpertFFN  int // inner elements of an expert
	SharedFFN  int // of the expert that all tokens use
	RopeDim    int // elements of a head that turn
	Taps       int // positions of a layer's convolution; 0: it has attention
	LayerInput int // elements of a layer's own input; 0: there is none
	AllInputs  int // that of all layers

	SharedKV bool // the layer uses keys and values of an earlier one

	Delta                                   bool // the layer has a gated delta rule
	SSMState, SSMGroups, SSMHeads, SSMInner int  // elements of its key heads, their number, heads of values, and their elements in all
}

// Of returns the size of a dimension.
func (s *Sizes) Of(d Dim) int {
	switch d {
	case One:
		return 1
	case Vocab:
		return s.VocabSize
	case Embd:
		return s.Dim
	case FFN:
		return s.FFNDim
	case Q:
		return s.NumHeads * s.KeyDim
	case K:
		return s.NumKVHeads * s.KeyDim
	case V:
		return s.NumKVHeads * s.ValueDim
	case Heads:
		return s.NumHeads * s.ValueDim
	case Key:
		return s.KeyDim
	case QueryHeads:
		return s.NumHeads
	case Experts:
		return s.NumExperts
	case QKV:
		return s.Of(Q) + s.Of(K) + s.Of(V)
	case FFN2:
		return 2 * s.FFNDim
	case FFNExpert:
		return s.ExpertFFN
	case FFNShared:
		return s.SharedFFN
	case Embd3:
		return 3 * s.Dim
	case Q2:
		return 2 * s.Of(Q)
	case DeltaChannels:
		return 2*s.SSMGroups*s.SSMState + s.SSMInner
	case DeltaInner:
		return s.SSMInner
	case DeltaHeads:
		return s.SSMHeads
	case DeltaValue:
		return s.SSMInner / s.SSMHeads
	case Taps:
		return s.Taps
	case Single:
		return 1
	case LayerInput:
		return s.LayerInput
	case AllInputs:
		return s.AllInputs
	case RopePairs:
		return s.RopeDim / 2
	}
	panic("arch: unknown dimension")
}

// with returns a copy of list in which the tensors of the same roles are replaced by
// those of changes; others are put behind the tensor before them in changes, or at
// the end.
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
