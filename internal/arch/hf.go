package arch

import (
	"fmt"
	"strconv"
	"strings"
)

// Stacked describes a tensor in a Hugging Face checkpoint. The tensor holds one matrix for each
// expert of a layer, one after the other. Each of these matrices may consist of two, such as gate
// and up.
type Stacked struct {
	Name string // name after "model.layers.N."; if no tensor has this name, NAME.weight is tried
	Bias string // name of the tensor with the biases, after "model.layers.N."; "": none
	Rows Share  // rows of each expert's matrix that belong to the role of the Tensor
	// Transposed says that each expert's matrix is transposed: stored column after column. It does
	// not apply to checkpoints in MXFP4. They store each matrix row after row, in two tensors,
	// NAME_blocks and NAME_scales.
	Transposed bool
}

// Share says which rows of a fused matrix belong to a role.
type Share int

const (
	AllRows   Share = iota
	FirstHalf       // the gate, if gate comes before up
	LastHalf
	EvenRows // the gate, if gate and up alternate
	OddRows
)

// hfLayers is the beginning of the names that a
// checkpoint's tensors in layers have after CutPrefix.
const hfLayers = "layers."

// hfPrefixes are the prefixes of names in checkpoints, in the order in which CutPrefix tries them:
// first the prefixes of language models inside multimodal models, then the prefix of plain models.
var hfPrefixes = []string{"model.language_model.model.", "model.language_model.", "language_model.model.", "language_model.", "model.text_model.", "model."}

// CutPrefix returns the name of a tensor in a Hugging Face checkpoint without the model's
// prefix. That prefix is longer if the language model is a part of a larger model.
func CutPrefix(name string) string {
	for _, p := range hfPrefixes {
		if rest, ok := strings.CutPrefix(name, p); ok {
			return rest
		}
	}
	return name
}

// FindHF returns the architecture for class, the name of a class in config.json such as
// "LlamaForCausalLM". The field HF of an architecture has these names. FindHF returns nil if no
// architecture has the name.
func FindHF(class string) *Arch {
	for _, a := range all {
		for _, c := range a.HF {
			if c == class {
				return a
			}
		}
	}
	return nil
}

// A Place says to which tensor of the architecture a tensor of a Hugging Face checkpoint
// belongs.
type Place struct {
	Tensor *Tensor
	Layer  int // -1: not in a layer
	Expert int // number of the expert that the matrix belongs to; -1: none
	Bias   bool
}

// GGUF returns the tensor's name in GGUF, such as blk.0.attn_q.weight.
func (p Place) GGUF() string {
	name := p.Tensor.File()
	if p.Bias {
		name = p.Tensor.GGUF() + ".bias"
	}
	if p.Layer < 0 {
		return name
	}
	return LayerPrefix(p.Layer) + name
}

// FromHF returns the Place of the tensor with the given name in a Hugging Face checkpoint, with or
// without the prefix of a model. ok is false if the tables do not have the name. FromHF does not
// find Stacked tensors.
func (a *Arch) FromHF(name string) (p Place, ok bool) {
	name = CutPrefix(name)
	p.Layer, p.Expert = -1, -1
	if text, found := strings.CutPrefix(name, hfLayers); found {
		number, rest, _ := strings.Cut(text, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return p, false
		}
		p.Layer, name = n, rest
	}
	lists := [][]Tensor{a.Input, a.Output}
	if p.Layer >= 0 {
		lists = [][]Tensor{a.Layer, a.FFN, a.MoE}
	}
	for _, list := range lists {
		for i := range list {
			t := &list[i]
			for _, bias := range []bool{false, true} {
				if expert, found := t.matchHF(name, bias); found {
					p.Tensor, p.Expert, p.Bias = t, expert, bias
					return p, true
				}
			}
		}
	}
	return p, false
}

// matchHF reports whether name is t's name in a checkpoint or, if bias is
// true, the name of t's bias. name has no prefix of the model or layer.
// expert is the number of the expert in name, or -1 if name has no expert.
func (t *Tensor) matchHF(name string, bias bool) (expert int, ok bool) {
	if t.HF == "" || bias && t.hfBare() {
		return -1, false
	}
	before, after, stack := strings.Cut(t.HF+t.hfEnd(bias), "%d")
	if !stack {
		return -1, name == before
	}
	rest, ok1 := strings.CutPrefix(name, before)
	number, ok2 := strings.CutSuffix(rest, after)
	n, err := strconv.Atoi(number)
	return n, ok1 && ok2 && err == nil && n >= 0
}

// hfBare reports whether the tensor's name has no ".weight" in a checkpoint.
func (t *Tensor) hfBare() bool { return t.Bare || t.BareHF }

func (t *Tensor) hfEnd(bias bool) string {
	switch {
	case bias:
		return ".bias"
	case t.hfBare():
		return ""
	}
	return ".weight"
}

// ByRows reports whether each row of the matrix is a tensor of its own in a checkpoint.
func (t *Tensor) ByRows() bool { return t.Stack == One && strings.Contains(t.HF, "%d") }

// HFName returns the tensor's name in a checkpoint, without the model's prefix. If the tensor is a
// stack, the result is the name of one expert's tensor. HFName returns "" if the table of the
// architecture has no name for the tensor.
func (t *Tensor) HFName(layer, expert int, bias bool) string {
	if t.HF == "" || bias && t.hfBare() {
		return ""
	}
	name := t.HF
	if strings.Contains(name, "%d") {
		name = fmt.Sprintf(name, expert)
	}
	if layer >= 0 {
		name = fmt.Sprintf("%s%d.%s", hfLayers, layer, name)
	}
	return name + t.hfEnd(bias)
}

// StackedName returns a Stacked tensor's name with the prefix of its layer.
func StackedName(layer int, name string) string { return fmt.Sprintf("%s%d.%s", hfLayers, layer, name) }

// Reordered reports whether the rows within each head of a matrix have
// another order in a Hugging Face checkpoint than in GGUF: see PairRow.
// If so, the same holds for the elements of the matrix's bias.
func (a *Arch) Reordered(t *Tensor) bool {
	return a.Rotation == Pairs && (t.Role == AttnQ || t.Role == AttnK)
}

// PairRow maps the index of a row in GGUF to the row's index in a
// Hugging Face checkpoint. A head has n rows. PairRow is for Reordered
// matrices: RoPE rotates Pairs in GGUF, and Halves in the checkpoint.
func PairRow(row, n int) int {
	in := row % n
	return row - in + in/2 + in%2*(n/2)
}

// PlusOne reports whether 1 must be added to a vector of a Hugging Face checkpoint. In Hugging
// Face's models, the norm adds 1 to its weights. In GGUF, the weights already include this 1.
func (a *Arch) PlusOne(t *Tensor) bool {
	switch t.Role {
	case AttnNorm, FFNNorm, AttnPostNorm, FFNPostNorm, AttnQNorm, AttnKNorm, OutputNorm:
		return a.ShortNorms
	}
	return false
}

// ValueHeads reports whether the rows or the columns of a tensor belong to the value heads of a
// gated delta rule. Value heads are in another order in a Hugging Face checkpoint than in GGUF: see
// ValueHead. skip is the number of rows before those of the value heads.
func (t *Tensor) ValueHeads(s *Sizes) (skip int, rows, cols bool) {
	if t.In != DeltaLayers {
		return 0, false, false
	}
	switch t.Role {
	case DeltaIn, DeltaTaps:
		return 2 * s.SSMGroups * s.SSMState, true, false
	case DeltaGate, DeltaAlpha, DeltaBeta:
		return 0, true, false
	case DeltaOut, DeltaA, DeltaDt: // the elements of a vector count as columns
		return 0, false, true
	}
	return 0, false, false
}

// ValueHead returns the index that a value head of GGUF has in a Hugging Face checkpoint. In GGUF,
// value head i uses key head i mod SSMGroups. In the checkpoint, the value heads of a key head
// are neighbours.
func (s *Sizes) ValueHead(i int) int {
	return i%s.SSMGroups*(s.SSMHeads/s.SSMGroups) + i/s.SSMGroups
}
