// Package arch describes the architectures of models as values: the tensors and keys of a
// family, their sizes, and the few facts that no tensor shows. Loading, conversion,
// quantization and synthetic models all use it, so each name is written in one place. An
// architecture does not list the steps of the computation: a layer's tensors say which steps
// it has (docs/add-a-model.md).
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
	HF   []string // the family's classes in a Hugging Face config.json

	Rotation   Rotation   // how RoPE pairs the elements of queries and keys
	Activation Activation // in the feed-forward networks
	Windows    Windows

	// ScaledEmbed says that a token's embedding is multiplied by the square root of the
	// embedding's dimension.
	ScaledEmbed bool
	// AttnCap and LogitCap are the soft caps of attention's scores and of the logits for files that
	// do not give them; 0: no cap.
	AttnCap, LogitCap float64
	// WideScale is a number of layers; 0: none. A model with WideScale layers scales its scores
	// by 1/sqrt(Embd/NumHeads), instead of 1/sqrt of a head's length. GGUF has no key for it.
	WideScale int
	// AttnScale is the factor of attention's scores for files that do not give it; 0: 1/sqrt of a
	// head's length.
	AttnScale float64
	// ValueNorm says that each head of values is normalized, without weights.
	ValueNorm bool

	// ExactYaRN says that the low and high ends of YaRN's correction range are not rounded to
	// integers.
	ExactYaRN bool

	// LayerNorm says that norms subtract the mean and have biases. Otherwise norms are RMSNorm.
	LayerNorm bool
	// ShortNorms says that a Hugging Face checkpoint stores w-1 for each weight w of a norm.
	ShortNorms bool
	// Conv says that layers without key heads have a short convolution instead of attention.
	Conv bool
	// Delta says that all layers except every fourth have a gated delta rule instead of
	// attention, unless the file says otherwise.
	Delta bool
	// GatedQuery says that attention's output is gated. The query matrix then computes the
	// gates, too: in its rows, each head of queries is followed by the head's gate.
	GatedQuery bool
	// NoRopePeriod, if not 0, is a number of layers. In each group of NoRopePeriod layers, the
	// last layer has no RoPE.
	NoRopePeriod int
	// SharedLength is for files without expert_feed_forward_length. It says that
	// feed_forward_length is the sum of the lengths of all experts that a token uses.
	SharedLength bool
	// PlainTopK says that the weights of the chosen experts are the router's probabilities, not
	// divided by their sum.
	PlainTopK bool

	Input  []Tensor // tensors before the layers
	Layer  []Tensor // tensors of every layer, without its feed-forward network
	FFN    []Tensor // feed-forward network of a layer without experts; nil: all layers have experts
	MoE    []Tensor // experts of a layer and their router; nil: no layer has experts
	Output []Tensor // tensors after the layers
}

// Rotation says which two elements of a head the rotary position embedding rotates as a pair. n
// is the number of elements that are rotated.
type Rotation int

const (
	Pairs  Rotation = iota // element 2i with 2i+1
	Halves                 // element i with i+n/2
)

// Activation is the function between the matrices of a feed-forward network.
type Activation int

const (
	SiLU          Activation = iota // x * sigmoid(x)
	GELU                            // 0.5 * x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
	ClampedSwiGLU                   // min(x, 7) * sigmoid(1.702 min(x, 7)), times clamp(up, ±7) + 1
)

// Windows says which layers have a sliding window if the file does not list these layers.
type Windows struct {
	Period   int     // layer i has a window unless i mod Period is Period-1; 0: all layers have a window
	Default  int     // tokens in the window if the file does not say; 0: no window
	OwnRope  bool    // the RoPE of layers with a window is not scaled, and may have a base of its own: RopeBase
	RopeBase float64 // the RoPE base of layers with a window if the file does not say; 0: the base of the other layers
	OwnHeads bool    // layers with a window have a head length of their own
}

// all are the architectures that can be evaluated.
var all = []*Arch{
	&Llama, &Qwen2, &Qwen3, &Gemma, &Gemma2, &Gemma3,
	&Qwen2MoE, &Qwen3MoE, &Phi3, &SmolLM3, &Olmo2, &Granite, &GraniteMoE, &Mistral3,
	&StarCoder2, &StableLM, &LFM2, &Qwen35, &GPTOSS, &Gemma4,
}

// All returns the architectures that can be evaluated, always in the same order.
func All() []*Arch { return all }

// Find returns the architecture with the given name, or nil if there is none.
func Find(name string) *Arch {
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Names returns the names of all architectures, joined by commas, for messages.
func Names() string {
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// Tensor returns the table's entry for a role, or nil if there is none. For a role in the
// feed-forward network, it returns the entry for layers without experts.
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

// HasRole reports whether a layer of the architecture, with or without experts, has a tensor of
// the role.
func (a *Arch) HasRole(role Role) bool {
	for _, list := range [][]Tensor{a.Layer, a.FFN, a.MoE} {
		if slices.ContainsFunc(list, func(t Tensor) bool { return t.Role == role }) {
			return true
		}
	}
	return false
}

// Stack returns the table's entry for the tensor that stacks the matrices of all experts for a
// role, or nil if there is none.
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

// Tensors yields the tensors of a model from its input to its output, including optional
// tensors. With each tensor it yields the name in GGUF without ".weight", such as blk.0.attn_q.
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

// CutLayer splits the name of a layer's tensor, blk.N.REST. ok is false if the tensor is not in
// a layer.
func CutLayer(name string) (layer int, rest string, ok bool) {
	text, found := strings.CutPrefix(name, layerPrefix)
	number, rest, dot := strings.Cut(text, ".")
	n, err := strconv.Atoi(number)
	return n, rest, found && dot && err == nil && n >= 0
}

// layerPrefix is the prefix of the names of all layers' tensors.
const layerPrefix = "blk."

// LayerPrefix returns the prefix of the names of the tensors of layer n.
func LayerPrefix(n int) string { return fmt.Sprintf(layerPrefix+"%d.", n) }
