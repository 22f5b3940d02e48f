package lora

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// These are the suffixes of the names of a pair's tensors in GGUF.
const (
	EndA = ".lora_a"
	EndB = ".lora_b"
)

// Keys of GGUF adapters.
const (
	keyType       = "general.type"
	keyArch       = "general.architecture"
	keyName       = "general.name"
	keyForm       = "adapter.type"
	keyAlpha      = "adapter.lora.alpha"
	keyTask       = "adapter.lora.task_name"
	keyPrompt     = "adapter.lora.prompt_prefix"
	keyInvocation = "adapter.alora.invocation_tokens"
)

// Read reads the adapter in an open GGUF file, in llama.cpp's format. A is NAME.lora_a [rank,
// columns] and B is NAME.lora_b [rows, rank]; for the embedding they are [vocabulary, rank] and
// [width, rank]. The scale of B·A is adapter.lora.alpha divided by the rank, or 1 if alpha is 0.
// Tensors without these suffixes replace tensors of the model. llama.cpp ignores replaced norms,
// and refuses other replaced tensors. The caller may close f after Read.
func Read(f *gguf.File) (*Adapter, error) {
	a := &Adapter{Path: f.Path}
	err := gguf.Guard(func() error {
		r := reader{file: f, out: a}
		r.keys()
		for i := range f.Tensors {
			r.tensor(&f.Tensors[i])
		}
		if r.err != nil {
			return r.err
		}
		return a.Check()
	})
	if err != nil {
		return nil, fmt.Errorf("lora: %s: %w", f.Path, err)
	}
	return a, nil
}

// reader reads an adapter. err is the first error.
type reader struct {
	file  *gguf.File
	out   *Adapter
	alpha float64
	err   error
}

// text returns a key's string, or "" if the file lacks the key.
func (r *reader) text(key string) string {
	s, _, err := r.file.String(key)
	if err != nil && r.err == nil {
		r.err = err
	}
	return s
}

// keys reads the metadata, and checks that the file is a LoRA adapter.
func (r *reader) keys() {
	kind, form := r.text(keyType), r.text(keyForm)
	r.out.Arch, r.out.Name, r.out.Task, r.out.Prompt = r.text(keyArch), r.text(keyName), r.text(keyTask), r.text(keyPrompt)
	if r.err != nil {
		return
	}
	if kind != "adapter" || form != "lora" {
		r.err = fmt.Errorf("not a LoRA adapter: %s is %q and %s is %q", keyType, kind, keyForm, form)
		return
	}
	if v, ok := r.file.Value(keyInvocation); ok && v.Len() > 0 {
		r.err = fmt.Errorf("%s: adapters that take effect only after certain tokens (aLoRA) are not supported", keyInvocation)
		return
	}
	r.alpha, _, r.err = r.file.Float(keyAlpha)
	if r.err == nil && !(math.Abs(r.alpha) <= math.MaxFloat32) {
		r.err = fmt.Errorf("%s is %v", keyAlpha, r.alpha)
	}
}

// tensor adds a pair if t is a matrix A, which must have its matrix
// B. It ignores a matrix B, and adds any other t as a whole tensor.
func (r *reader) tensor(t *gguf.Tensor) {
	if r.err != nil {
		return
	}
	if !quant.CanCompute(t.Type) {
		r.err = fmt.Errorf("tensor %q: cannot compute with adapters of type %v", t.Name, t.Type)
		return
	}
	if name, ok := strings.CutSuffix(t.Name, EndB); ok {
		if r.file.Tensor(name+EndA) == nil {
			r.err = fmt.Errorf("tensor %q: only one of lora_a and lora_b is there", name)
		}
		return
	}
	name, ok := strings.CutSuffix(t.Name, EndA)
	if !ok {
		r.out.Whole = append(r.out.Whole, Whole{t.Name, t.Type, slices.Clone(t.Shape), slices.Clone(t.Data)})
		return
	}
	b := r.file.Tensor(name + EndB)
	switch {
	case b == nil:
		r.err = fmt.Errorf("tensor %q: only one of lora_a and lora_b is there", name)
	case !quant.CanCompute(b.Type):
		r.err = fmt.Errorf("tensor %q: cannot compute with adapters of type %v", b.Name, b.Type)
	default:
		r.pair(name, t, b)
	}
}

// pair adds the Pair of the tensors lora_a and lora_b.
func (r *reader) pair(name string, a, b *gguf.Tensor) {
	p := Pair{Name: name, A: values(a), B: values(b)}
	p.Rank, p.Rows, p.Cols = b.Cols(), b.Rows(), a.Cols()
	rank := a.Rows()
	if len(a.Shape) > 2 || len(b.Shape) > 2 {
		if len(a.Shape) != 3 || len(b.Shape) != 3 || a.Shape[0] != b.Shape[0] {
			r.err = fmt.Errorf("tensor %q: its lora_a %v and its lora_b %v do not have the same number of matrices", name, a.Shape, b.Shape)
			return
		}
		p.Stack, p.Rows, rank = a.Shape[0], b.Shape[1], a.Shape[1]
	}
	if isTable(name) { // both are transposed
		p.Rows, p.Cols, rank = a.Rows(), b.Rows(), a.Cols()
		p.A, p.B = Transposed(p.B, p.Cols, p.Rank), p.A
	}
	if rank != p.Rank || p.Rank == 0 {
		r.err = fmt.Errorf("tensor %q: the ranks of its lora_a %v and its lora_b %v differ", name, a.Shape, b.Shape)
		return
	}
	if p.Scale = 1; r.alpha != 0 {
		p.Scale = r.alpha / float64(p.Rank)
	}
	r.out.Pairs = append(r.out.Pairs, p)
}

// values returns the elements of a tensor.
func values(t *gguf.Tensor) []float32 {
	list := make([]float32, t.Elems())
	quant.Decode(t.Type, list, t.Data)
	return list
}
