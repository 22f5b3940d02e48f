// Package quantize converts a model's weights to smaller number formats, byte for byte
// like llama-quantize. NewPlan reads only the header of the input, and returns a Plan
// with each tensor's new type (rules.go, Options). Plan.Run carries out the plan with
// all cores. It holds only some chunks of rows in memory, so models may have any size.
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

// RunOptions say how Run carries out a plan.
type RunOptions struct {
	Threads int
	// Force allows the output to replace a file.
	Force bool
	// Stats measures each tensor's error.
	Stats bool
	// Progress, if not nil, is called repeatedly, but never by several goroutines at once. tensor
	// is the name of the current tensor. done and total count the bytes of all input tensors.
	Progress func(tensor string, done, total int64)
}

// A Result describes the files that Run has written.
type Result struct {
	Outputs []string // paths
	Bytes   int64    // size of the outputs
	Tensors []TensorResult
	Elapsed time.Duration
}

// A TensorResult describes the quantization of one tensor.
type TensorResult struct {
	*Step
	Error *quant.Error // set if RunOptions.Stats is set and the tensor is not copied
}

// Run writes the plan's output to path, or to several files beside it (see
// OutputPaths). When all files are complete, Run gives them their names, one
// after the other. If Run fails, or ctx ends before that, nothing changes.
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

// OutputPaths returns the names of the files that Run writes for path.
func (p *Plan) OutputPaths(path string) []string {
	if p.parts < 2 {
		return []string{path}
	}
	return gguf.SplitNames(path, p.parts)
}

// checkOutputs returns an error if an output would replace an input. Unless force is set, the
// output may not replace any other file either.
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

// createAll creates all output files and writes their headers.
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

// contents returns the metadata and tensors of part i of n. Only the first part has the model's
// metadata.
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

// withoutOnes removes outermost dimensions of 1, like llama-quantize.
func withoutOnes(shape []int) []int {
	for len(shape) > 1 && shape[0] == 1 {
		shape = shape[1:]
	}
	return shape
}

// FileBytes returns the size of all output files together.
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

// DefaultOutput returns llama-quantize's default name for the output: ggml-model-TYPE.gguf
// beside the input.
func DefaultOutput(input string, m Mix) string {
	return filepath.Join(filepath.Dir(input), "ggml-model-"+m.Name+".gguf")
}
