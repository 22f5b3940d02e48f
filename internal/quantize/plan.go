package quantize

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Options say how to quantize a file.
type Options struct {
	Mix Mix
	// Pure gives every matrix the mix's type instead of following the rules.
	Pure bool
	// LeaveOutput copies output.weight unchanged.
	LeaveOutput bool
	// Output and Embedding, if not nil, are the types of output.weight and token_embd.weight.
	Output, Embedding *quant.Type
	// Tensors has types for the tensors whose names match a pattern. The first match decides.
	Tensors []TensorType
	// Requantize allows weights that are already quantized.
	Requantize bool
	// KeepSplit writes as many files as the input has.
	KeepSplit bool
	// Split, if not zero, divides the output among several files.
	Split Split
	// KeepQuantized copies tensors unchanged if they are already quantized.
	KeepQuantized bool
	// HalvesToo has an effect only if the mix's type is F32, F16 or BF16.
	// F16 and BF16 tensors that would normally be copied then get the
	// mix's type, too. Converters do so, but llama-quantize does not.
	HalvesToo bool
	// Overrides replace or add metadata.
	Overrides []gguf.KV
	// Importance, if not nil, says how much each column matters.
	Importance *Importance
	// Change may be nil. It returns a function that changes rows of t before they are
	// encoded, or nil if t stays the same. The returned function gets whole rows x, and row
	// is the number of the first row in x. Several goroutines may call the function at once.
	Change func(t *gguf.Tensor) func(x []float32, row int)
	// More are additional tensors for the output.
	More []gguf.Tensor
}

// A TensorType is a type for the tensors whose names match Pattern.
type TensorType struct {
	Pattern *regexp.Regexp
	Type    quant.Type
}

// ParseTensorType parses REGEX=TYPE.
func ParseTensorType(s string) (TensorType, error) {
	i := strings.LastIndexByte(s, '=')
	if i < 1 {
		return TensorType{}, fmt.Errorf("quantize: %q is not of the form REGEX=TYPE", s)
	}
	t, err := ParseEncodable(s[i+1:])
	if err != nil {
		return TensorType{}, err
	}
	re, err := regexp.Compile("(?i)" + s[:i]) // case does not matter, as in llama-quantize
	if err != nil {
		return TensorType{}, fmt.Errorf("quantize: %q: %w", s[:i], err)
	}
	return TensorType{re, t}, nil
}

// Matches reports whether the name of a tensor of the file matches.
func (tt TensorType) Matches(f *gguf.File) bool {
	return slices.ContainsFunc(f.Tensors, func(t gguf.Tensor) bool { return tt.Pattern.MatchString(t.Name) })
}

// ParseEncodable parses the name of a type that tensors can be encoded in.
func ParseEncodable(name string) (quant.Type, error) {
	t, err := quant.ParseType(name)
	if err == nil && !quant.CanEncode(t) {
		err = fmt.Errorf("quant: %v cannot be written", t)
	}
	if err != nil {
		return 0, fmt.Errorf("quantize: tensor type: %w", err)
	}
	return t, nil
}

// A Plan says how to write each tensor, in the order of the output.
type Plan struct {
	Input   *gguf.File
	Options Options
	KV      []gguf.KV // metadata of the output, without split.* keys
	Steps   []Step

	parts int // number of output files
}

// A Step says how to write one tensor.
type Step struct {
	Tensor *gguf.Tensor
	To     quant.Type
	Note   string // why To is not the type that the rules or options ask for; "" if To is that type
	part   int    // index of the output file

	importance []float32 // importance of each column of each matrix; nil if unknown
	change     func(x []float32, row int)
}

// Bytes returns the size of the result.
func (s *Step) Bytes() int64 {
	return int64(s.Tensor.Rows()) * int64(s.To.RowBytes(s.Tensor.Cols()))
}

// Copied reports whether the tensor's bytes are copied unchanged.
func (s *Step) Copied() bool { return s.To == s.Tensor.Type && s.change == nil }

// Changed reports whether Options.Change changes the tensor's weights.
func (s *Step) Changed() bool { return s.change != nil }

// NewPlan returns a plan for quantizing f. It reads only the header of f.
func NewPlan(f *gguf.File, opt Options) (*Plan, error) {
	facts, err := readFacts(f)
	if err != nil {
		return nil, err
	}
	facts.imatrix = opt.Importance != nil
	facts.hasOutput = facts.hasOutput || slices.ContainsFunc(opt.More, func(t gguf.Tensor) bool { return t.Name == outputName })
	p := &Plan{Input: f, Options: opt}
	if p.KV, err = outputKV(f, &opt); err != nil {
		return nil, err
	}
	r := &rules{modelFacts: facts, mix: opt.Mix}
	for _, t := range p.order() {
		s := Step{Tensor: t, To: t.Type, part: p.partOf(t)}
		if opt.Change != nil {
			s.change = opt.Change(t)
		}
		keep := opt.LeaveOutput && t.Name == outputName || opt.KeepQuantized && isQuantized(t.Type)
		switch {
		case !opt.Mix.Copy && quantizable(t) && !keep:
			if err := s.decide(r, &opt); err != nil {
				return nil, fmt.Errorf("quantize: tensor %q: %w", t.Name, err)
			}
		case opt.HalvesToo && isHalf(t.Type) && (isHalf(opt.Mix.Type) || opt.Mix.Type == quant.F32):
			s.To = opt.Mix.Type
		}
		if s.change != nil && !(quant.CanEncode(s.To) && quant.CanCompute(t.Type)) {
			return nil, fmt.Errorf("quantize: tensor %q: its weights must be changed, and weights of type %v cannot be written", t.Name, s.To)
		}
		if quant.IsLegacy(s.To) {
			return nil, fmt.Errorf("quantize: tensor %q: %w: it is %v", t.Name, ErrLegacy, s.To)
		}
		p.Steps = append(p.Steps, s)
	}
	if len(p.Steps) == 0 {
		return nil, errors.New("quantize: the file has no tensors")
	}
	p.divide()
	return p, nil
}

// order returns the tensors in the order of the output.
func (p *Plan) order() []*gguf.Tensor {
	if !p.Options.KeepSplit {
		return inOrder(append(slices.Clip(p.Input.Tensors), p.Options.More...))
	}
	list := make([]*gguf.Tensor, len(p.Input.Tensors))
	for i := range list {
		list[i] = &p.Input.Tensors[i]
	}
	return list
}

// partOf returns the index of the output file that holds t.
func (p *Plan) partOf(t *gguf.Tensor) int {
	if !p.Options.KeepSplit {
		return 0
	}
	return p.Input.PartOf(t.Name)
}

// decide chooses the type of a matrix of weights and checks that it is possible.
func (s *Step) decide(r *rules, opt *Options) (err error) {
	t := s.Tensor
	chosen, explicit := opt.explicit(t.Name, r.hasOutput)
	switch {
	case explicit: // choose is not called, so it does not count this tensor
		s.To = chosen
	case !opt.Pure && isQuantized(opt.Mix.Type):
		s.To = r.choose(t)
	default:
		s.To = opt.Mix.Type
	}
	wanted := s.To
	if s.To = fitColumns(wanted, t.Cols()); s.To != wanted {
		s.Note = fmt.Sprintf("not %v: %d columns are not a multiple of %d", wanted, t.Cols(), wanted.BlockLen())
	}
	if s.Copied() {
		return nil
	}
	if !quant.CanCompute(t.Type) {
		return fmt.Errorf("cannot read weights of type %v", t.Type)
	}
	if isQuantized(t.Type) && !opt.Requantize && s.To != t.Type { // Options.Change may change weights that keep their quantized type
		return fmt.Errorf("%w: it is %v", ErrQuantized, t.Type)
	}
	if opt.Importance != nil {
		if s.importance, err = opt.Importance.of(t); err != nil {
			return err
		}
	}
	if s.To == quant.Q2_K && opt.Mix.Name == "Q2_K_S" && s.importance == nil && !explicit && !isEmbedding(t.Name) && t.Name != outputName {
		return ErrNeedsImportance
	}
	return nil
}

// ErrQuantized is wrapped by the error for weights that are already quantized.
var ErrQuantized = errors.New("is quantized already, and quantizing it once more loses more than quantizing the original")

// ErrNeedsImportance is wrapped by the error for Q2_K_S without an importance matrix.
var ErrNeedsImportance = errors.New("Q2_K_S is useful only with an importance matrix")

// ErrLegacy is wrapped by the error for a copied tensor whose type is from before GGUF.
var ErrLegacy = errors.New("GGUF cannot hold its type")

// explicit returns the type that the options set for the tensor with the given name, if any.
func (opt *Options) explicit(name string, hasOutput bool) (t quant.Type, ok bool) {
	i := slices.IndexFunc(opt.Tensors, func(tt TensorType) bool { return tt.Pattern.MatchString(name) })
	switch {
	case opt.Embedding != nil && (name == embedName || isEmbedding(name) && i < 0):
		return *opt.Embedding, true
	case opt.Output != nil && name == outputName:
		return *opt.Output, true
	case i >= 0:
		return opt.Tensors[i].Type, true
	case opt.Output != nil && isEmbedding(name) && !hasOutput:
		return *opt.Output, true
	}
	return 0, false
}

// Fallbacks returns a text that says how many tensors cannot have the type that rules
// or options ask for, with an example. If there are no such tensors, it returns "".
func (p *Plan) Fallbacks() string {
	n := 0
	var first *Step
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Note != "" {
			if n++; first == nil {
				first = s
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d tensors fall back to another type, such as %q to %v (%s)", n, len(p.Steps), first.Tensor.Name, first.To, first.Note)
}

// InputBytes returns the bytes of all tensors before quantization.
func (p *Plan) InputBytes() (n int64) {
	for i := range p.Steps {
		n += p.Steps[i].Tensor.Bytes
	}
	return n
}

// OutputBytes returns the bytes of all tensors after quantization.
func (p *Plan) OutputBytes() (n int64) {
	for i := range p.Steps {
		n += p.Steps[i].Bytes()
	}
	return n
}

// Weights returns the number of all tensors' elements.
func (p *Plan) Weights() (n int64) {
	for i := range p.Steps {
		n += int64(p.Steps[i].Tensor.Elems())
	}
	return n
}
