// Package quantize turns a model's weights into smaller number formats, byte
// for byte as llama-quantize does. A Plan, made from the header alone, says each tensor's
// type (rules.go, Options). Run follows it: it holds some chunks of rows at a time,
// whatever the model's size, and works on them with all cores.
package quantize

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"alpaca/internal/atomicfile"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// RunOptions say how a plan is carried out.
type RunOptions struct {
	Threads int
	// Force allows the output to replace a file.
	Force bool
	// Stats measures each tensor's error.
	Stats bool
	// Progress, where not nil, is called from one goroutine at a time with the
	// tensor at hand and how many bytes of all tensors' input are done.
	Progress func(tensor string, done, total int64)
}

// A Result is what Run did.
type Result struct {
	Outputs []string // paths
	Bytes   int64    // of the outputs
	Tensors []TensorResult
	Elapsed time.Duration
}

// A TensorResult is what became of one tensor.
type TensorResult struct {
	*Step
	Error *quant.Error // with RunOptions.Stats, of tensors that changed
}

// Run writes the plan's output to path, or beside it as many files as the input
// has. The files appear when all of them are complete and on disk; where Run
// fails, or ctx ends, nothing has changed.
func (p *Plan) Run(ctx context.Context, path string, opt RunOptions) (*Result, error) {
	start := time.Now()
	res := &Result{Outputs: p.OutputPaths(path)}
	if err := p.checkOutputs(res.Outputs, opt.Force); err != nil {
		return nil, err
	}
	writers, err := p.createAll(res.Outputs)
	defer func() {
		for _, w := range writers {
			w.Abort()
		}
	}()
	if err != nil {
		return nil, err
	}
	r := &runner{plan: p, opt: opt, writers: writers}
	if res.Tensors, err = r.run(ctx); err != nil {
		return nil, err
	}
	if err := p.Input.Unchanged(); err != nil {
		return nil, err
	}
	for _, w := range writers {
		if err := w.Commit(); err != nil {
			return nil, err
		}
	}
	for _, name := range res.Outputs {
		st, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("quantize: %w", err)
		}
		res.Bytes += st.Size()
	}
	res.Elapsed = time.Since(start)
	return res, nil
}

// OutputPaths returns the files that Run writes for path.
func (p *Plan) OutputPaths(path string) []string {
	if p.parts < 2 {
		return []string{path}
	}
	return gguf.SplitNames(path, p.parts)
}

// checkOutputs refuses to write over an input, and over any file unless force is set.
func (p *Plan) checkOutputs(outputs []string, force bool) error {
	inputs := p.Input.Parts
	if opt := p.Options.Importance; opt != nil {
		inputs = append([]string{opt.Path}, inputs...)
	}
	for _, out := range outputs {
		if err := atomicfile.Check(out, inputs, force); err != nil {
			return fmt.Errorf("quantize: %w", err)
		}
	}
	return nil
}

// createAll begins all output files.
func (p *Plan) createAll(paths []string) ([]*gguf.Writer, error) {
	var writers []*gguf.Writer
	for i, path := range paths {
		kv, tensors := p.contents(i, len(paths))
		w, err := gguf.Create(path, kv, tensors)
		if err != nil {
			return writers, err
		}
		writers = append(writers, w)
	}
	return writers, nil
}

// contents returns what the header of part i of n has: only the first has the
// model's metadata.
func (p *Plan) contents(i, n int) (kv []gguf.KV, tensors []gguf.Tensor) {
	if i == 0 {
		kv = append(kv, p.KV...)
	}
	if n > 1 {
		kv = append(kv, gguf.SplitKeys(i, n, len(p.Steps))...)
	}
	for _, s := range p.Steps {
		if s.part == i {
			tensors = append(tensors, gguf.Tensor{Name: s.Tensor.Name, Type: s.To, Shape: withoutOnes(s.Tensor.Shape)})
		}
	}
	return kv, tensors
}

// withoutOnes drops the outermost dimensions that are 1, as files have it.
func withoutOnes(shape []int) []int {
	for len(shape) > 1 && shape[0] == 1 {
		shape = shape[1:]
	}
	return shape
}

// FileBytes returns the size that all output files will have.
func (p *Plan) FileBytes() (size int64, err error) {
	n := len(p.OutputPaths(""))
	for i := range n {
		bytes, err := gguf.FileSize(p.contents(i, n))
		if err != nil {
			return 0, fmt.Errorf("quantize: %w", err)
		}
		size += bytes
	}
	return size, nil
}

// DefaultOutput returns the name that llama-quantize gives the output where none
// is given: ggml-model-TYPE.gguf beside the input.
func DefaultOutput(input string, m Mix) string {
	return filepath.Join(filepath.Dir(input), "ggml-model-"+m.Name+".gguf")
}
