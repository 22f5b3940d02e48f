package arch

import (
	"fmt"
	"strconv"
	"strings"
)

// Stacked is how a checkpoint of Hugging Face may have a matrix of all experts of a layer
// in one tensor, which may hold another matrix as well.
type Stacked struct {
	Name string // as a whole, without "model.layers.N."
	Bias string // the same; "": there is none
	Rows Share  // of each expert's matrix
	// Turned says that each expert's matrix is transposed: its columns lie one after the
	// other. Of MXFP4 that is not so; there the tensor is two, NAME_blocks and NAME_scales.
	Turned bool
}

// Share says which rows of a fused matrix are meant.
type Share int

const (
	AllRows   Share = iota
	FirstHalf       // the gate, where the gate comes first
	LastHalf
	EvenRows // the gate, where gate and up take turns
	OddRows
)

// hfLayers is what the names of all layers' tensors begin with in a checkpoint, behind
// the prefix of the model.
const hfLayers = "layers."

// hfPrefixes are the beginnings of names in checkpoints, the longest first: of language models
// inside multimodal ones, and of plain ones.
var hfPrefixes = []string{"model.language_model.model.", "model.language_model.", "language_model.model.", "language_model.", "model.text_model.", "model."}

// CutPrefix returns the name of a tensor in a Hugging Face checkpoint without the prefix of the
// language model, which may be part of a larger model.
func CutPrefix(name string) string {
	for _, p := range hfPrefixes {
		if rest, ok := strings.CutPrefix(name, p); ok {
			return rest
		}
	}
	return name
}

// FindHF returns the architecture of a class of config.json, such as "LlamaForCausalLM",
// nil if there is none.
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

// A Place is where a tensor of a Hugging Face checkpoint goes.
type Place struct {
	Tensor *Tensor
	Layer  int // -1: it is in none
	Expert int // its matrix in the stack; -1: it is all of the tensor
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

// FromHF returns where a tensor of a Hugging Face checkpoint goes, by its name with or
// without what models put before it. ok is false for names that the tables do not have;
// tensors of several matrices at once (Stacked) are not found here.
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

// matchHF reports whether name, without what comes before it, is that of t, and of which
// expert; -1: of none.
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

// HFName returns the tensor's name in a checkpoint without the model's prefix, of one
// expert if the tensor is a stack; "" where the table does not say it.
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

// StackedName returns one of the names of Stacked with its layer.
func StackedName(layer int, name string) string { return fmt.Sprintf("%s%d.%s", hfLayers, layer, name) }

// Turned reports whether the rows of a matrix, and the elements of its bias, are in
// another order in a checkpoint of Hugging Face than in GGUF, head by head: see PairRow.
func (a *Arch) Turned(t *Tensor) bool {
	return a.Rotation == Pairs && (t.Role == AttnQ || t.Role == AttnK)
}

// PairRow returns where in a checkpoint of Hugging Face, which rotates halves of heads of
// n rows, the given row of a matrix that rotates pairs comes from.
func PairRow(row, n int) int {
	in := row % n
	return row - in + in/2 + in%2*(n/2)
}

// PlusOne reports whether a vector of a checkpoint of Hugging Face lacks the 1 that its
// norm adds, which GGUF has in the weights.
func (a *Arch) PlusOne(t *Tensor) bool {
	switch t.Role {
	case AttnNorm, FFNNorm, AttnPostNorm, FFNPostNorm, AttnQNorm, AttnKNorm, OutputNorm:
		return a.ShortNorms
	}
	return false
}

// ValueHeads reports whether rows, or columns, of a tensor are those of a gated delta
// rule's heads of values, which a checkpoint of Hugging Face has in another order: see
// ValueHead. skip is how many rows come before them.
func (t *Tensor) ValueHeads(s *Sizes) (skip int, rows, cols bool) {
	if t.In != DeltaLayers {
		return 0, false, false
	}
	switch t.Role {
	case DeltaIn, DeltaTaps:
		return 2 * s.SSMGroups * s.SSMState, true, false
	case DeltaGate, DeltaAlpha, DeltaBeta:
		return 0, true, false
	case DeltaOut, DeltaA, DeltaDt: // of a vector, its elements
		return 0, false, true
	}
	return 0, false, false
}

// ValueHead returns which head of values of a checkpoint of Hugging Face, where those of
// one head of keys are neighbours, is the i-th in GGUF, where head i uses the keys i mod
// SSMGroups.
func (s *Sizes) ValueHead(i int) int {
	return i%s.SSMGroups*(s.SSMHeads/s.SSMGroups) + i/s.SSMGroups
}
