// Package arch describes the architectures of models as values: which tensors and keys
// a family has, how large each is, and the few facts that no tensor shows. Whatever
// loads, converts, quantizes or makes models reads it here, so that a name stands in
// one place. An architecture never says what to compute step by step: a layer that has
// a tensor has the step that uses it (docs/add-a-model.md).
package arch

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Arch is a family of models whose files have the same tensors and keys.
type Arch struct {
	Name string   // general.architecture, and the prefix of the family's keys
	HF   []string // the classes of a Hugging Face config.json that are this family

	Rotation   Rotation   // of queries and keys
	Activation Activation // of the feed-forward networks
	Windows    Windows

	// ScaledEmbed says that a token's row of the embedding is multiplied by the root of
	// its length.
	ScaledEmbed bool
	// AttnCap and LogitCap are the soft caps of attention's scores and of the logits where
	// the file says nothing; 0: none.
	AttnCap, LogitCap float64
	// WideScale is a number of layers: a model with that many layers scales its scores by
	// 1/sqrt(Embd/NumHeads), not by 1/sqrt of a head's length. No key says so. 0: none.
	WideScale int
	// AttnScale is the factor of attention's scores where the file says nothing; 0: 1/sqrt of
	// a head's length.
	AttnScale float64
	// ValueNorm says that each head of values is normalized, without weights.
	ValueNorm bool

	// ExactYaRN says that the bounds of YaRN's ramp are not rounded to whole pairs.
	ExactYaRN bool

	// LayerNorm says that norms subtract the mean and have biases; else they are RMSNorm.
	LayerNorm bool
	// ShortNorms says that the weights of norms in a checkpoint of Hugging Face are 1 less
	// than what they multiply with.
	ShortNorms bool
	// Conv says that layers without key heads have a short convolution instead.
	Conv bool
	// Delta says that all layers but every fourth have a gated delta rule instead, where
	// the file says nothing else.
	Delta bool
	// GatedQuery says that each head of queries has a gate behind it, for what attention
	// gives.
	GatedQuery bool
	// NoRopePeriod, if not 0, says that heads do not turn in the last layer of each
	// period of that many layers.
	NoRopePeriod int
	// SharedLength says that feed_forward_length is that of all experts of a token together,
	// where a file does not give that of one.
	SharedLength bool
	// PlainTopK says that the weights of the experts that a token uses are the router's
	// probabilities as they are, not divided by their sum.
	PlainTopK bool

	Input  []Tensor // before the layers
	Layer  []Tensor // of every layer, but for its feed-forward network
	FFN    []Tensor // the network of a layer without experts; nil: there are always experts
	MoE    []Tensor // the networks of a layer with experts, and their router; nil: there are none
	Output []Tensor // after the layers
}

// Rotation says which two elements of a head the rotary position embedding turns
// together; n is the number of elements that turn.
type Rotation int

const (
	Pairs  Rotation = iota // element 2i with 2i+1
	Halves                 // element i with i+n/2
)

// Activation is what the inner state of a feed-forward network goes through.
type Activation int

const (
	SiLU          Activation = iota // x * sigmoid(x)
	GELU                            // 0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
	ClampedSwiGLU                   // min(x, 7) * sigmoid(1.702 min(x, 7)), and what it is multiplied with is clamped to ±7, plus 1
)

// Windows says which layers see only the last positions of a text, where the file does
// not say so for each of them.
type Windows struct {
	Period   int     // layer i does unless i mod Period is Period-1; 0: all do
	Default  int     // the window where the file gives none; 0: none
	OwnRope  bool    // such layers turn by a base of their own, unscaled
	RopeBase float64 // that base where the file gives none; 0: that of the others
	OwnHeads bool    // heads of such layers have lengths of their own
}

// all are the architectures that can be evaluated, the oldest first.
var all = []*Arch{
	&Llama, &Qwen2, &Qwen3, &Gemma, &Gemma2, &Gemma3,
	&Qwen2MoE, &Qwen3MoE, &Phi3, &SmolLM3, &Olmo2, &Granite, &GraniteMoE, &Mistral3,
	&StarCoder2, &StableLM, &LFM2, &Qwen35, &GPTOSS, &Gemma4,
}

// All returns the architectures, the oldest first.
func All() []*Arch { return all }

// Find returns the architecture of that name, nil if there is none.
func Find(name string) *Arch {
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Names returns the names of all architectures as a list for messages.
func Names() string {
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// Tensor returns the line of the tensor that has a role, nil if there is none. Of a
// feed-forward network it is that of a layer without experts.
func (a *Arch) Tensor(role Role) *Tensor {
	for _, list := range [][]Tensor{a.Input, a.Layer, a.FFN, a.Output} {
		for i := range list {
			if list[i].Role == role {
				return &list[i]
			}
		}
	}
	return nil
}

// HasRole reports whether the architecture's layers have a tensor of that role, with or
// without experts.
func (a *Arch) HasRole(role Role) bool {
	for _, list := range [][]Tensor{a.Layer, a.FFN, a.MoE} {
		if slices.ContainsFunc(list, func(t Tensor) bool { return t.Role == role }) {
			return true
		}
	}
	return false
}

// Stack returns the line of the tensor that holds the matrices of all experts for a role,
// nil if there is none.
func (a *Arch) Stack(role Role) *Tensor {
	for i := range a.MoE {
		if t := &a.MoE[i]; t.Role == role && t.Stack != One {
			return t
		}
	}
	return nil
}

// LayerTensors yields the tensors of a layer, with or without experts.
func (a *Arch) LayerTensors(experts bool) iter.Seq[*Tensor] {
	network := a.FFN
	if experts {
		network = a.MoE
	}
	return func(yield func(*Tensor) bool) {
		for _, list := range [][]Tensor{a.Layer, network} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// Tensors yields the tensors of a model from its input to its output, optional ones
// included, by their names in GGUF without ".weight", such as blk.0.attn_q.
func (a *Arch) Tensors(layers int, experts bool) iter.Seq2[string, *Tensor] {
	return func(yield func(string, *Tensor) bool) {
		for i := range a.Input {
			if !yield(a.Input[i].GGUF(), &a.Input[i]) {
				return
			}
		}
		for n := range layers {
			for t := range a.LayerTensors(experts) {
				if !yield(LayerPrefix(n)+t.GGUF(), t) {
					return
				}
			}
		}
		for i := range a.Output {
			if !yield(a.Output[i].GGUF(), &a.Output[i]) {
				return
			}
		}
	}
}

// CutLayer divides the name of a layer's tensor, blk.N.REST. ok is false for names of
// tensors that are in no layer.
func CutLayer(name string) (layer int, rest string, ok bool) {
	text, found := strings.CutPrefix(name, layerPrefix)
	number, rest, dot := strings.Cut(text, ".")
	n, err := strconv.Atoi(number)
	return n, rest, found && dot && err == nil && n >= 0
}

// layerPrefix is what the names of all layers' tensors begin with.
const layerPrefix = "blk."

// LayerPrefix returns what the names of the tensors of layer n begin with.
func LayerPrefix(n int) string { return fmt.Sprintf(layerPrefix+"%d.", n) }
