// Package convert rewrites checkpoints of other containers as GGUF version 3: folders of
// Hugging Face, the .bin files of 2023, GGUF versions 1 and 2, llama2.c's. What GGUF can hold
// is kept to the bit. What it cannot hold, such as a scale in float32 where GGUF has
// float16, is rounded and the change is measured; or, if that is asked for, kept exactly
// in a larger type. Data pass through in pieces, whatever the model's size.
package convert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"alpaca/internal/atomicfile"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Options change what is written, and how. The zero value is good for all
// inputs but llama2.c checkpoints, which need Vocab.
type Options struct {
	// Vocab is the path of a llama2.c vocabulary (tokenizer.bin), for an input
	// that is a llama2.c checkpoint.
	Vocab string
	// Exact stores tensors that would change in float32, which is larger.
	Exact bool
	// Eps is the epsilon of the norms; 0 stands for the input's, or for what was
	// usual where it does not hold it.
	Eps float32
	// Name is the model's name; "" keeps the input's.
	Name string
	// Force allows the output to replace a file.
	Force bool
	// Progress, if not nil, is called with the tensor at hand and how many bytes
	// of the input's tensors have been read, of how many.
	Progress func(tensor string, done, total int64)
}

// Result is what Run did.
type Result struct {
	Format      string // of the input, with its version
	Tensors     []TensorResult
	InputBytes  int64 // of all tensors
	OutputBytes int64 // of the file
	Elapsed     time.Duration
}

// TensorResult is what became of one tensor.
type TensorResult struct {
	Name     string
	Shape    []int  // outermost first
	From     string // the number format, by name
	To       quant.Type
	Lossless bool        // all values are as they were
	Loss     quant.Error // zero if Lossless
}

// The reasons that a caller may have advice for.
var (
	// ErrNeedsVocab is the reason for not reading a llama2.c checkpoint alone.
	ErrNeedsVocab = errors.New("holds no vocabulary")
	// ErrTooLarge is the reason for not rounding a number.
	ErrTooLarge = errors.New("does not fit float16")
)

// Run converts the checkpoint at in, of any container, and writes it to out. On
// failure out is as it was.
func Run(ctx context.Context, in, out string, opt Options) (*Result, error) {
	var res *Result
	err := gguf.Guard(func() (err error) {
		res, err = run(ctx, in, out, opt)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	return res, nil
}

func run(ctx context.Context, in, out string, opt Options) (*Result, error) {
	start := time.Now()
	m, err := open(in, opt)
	if err != nil {
		return nil, err
	}
	defer m.close()
	if err := atomicfile.Check(out, m.paths, opt.Force); err != nil {
		return nil, err
	}
	steps, err := plan(m.tensors, opt.Exact)
	if err != nil {
		return nil, err
	}
	res := &Result{Format: m.format}
	if err := write(ctx, out, m, steps, opt, res); err != nil {
		return nil, err
	}
	st, err := os.Stat(out)
	if err != nil {
		return nil, err
	}
	res.OutputBytes, res.Elapsed = st.Size(), time.Since(start)
	return res, nil
}

// write writes the model as planned.
func write(ctx context.Context, out string, m *model, steps []step, opt Options, res *Result) error {
	infos := make([]gguf.Tensor, len(steps))
	for i, s := range steps {
		infos[i] = gguf.Tensor{Name: s.tensor.name, Type: s.to, Shape: s.tensor.shape}
	}
	w, err := gguf.Create(out, metadata(m, steps, opt), infos)
	if err != nil {
		return err
	}
	defer w.Abort()
	var total int64
	for _, s := range steps {
		total += s.tensor.bytes()
	}
	for _, s := range steps {
		if err := w.Begin(s.tensor.name); err != nil {
			return err
		}
		loss, err := s.run(ctx, w, func(bytes int64) {
			res.InputBytes += bytes
			if opt.Progress != nil {
				opt.Progress(s.tensor.name, res.InputBytes, total)
			}
		})
		if err != nil {
			return fmt.Errorf("tensor %q: %w", s.tensor.name, err)
		}
		res.Tensors = append(res.Tensors, TensorResult{
			Name: s.tensor.name, Shape: s.tensor.shape, From: s.tensor.from.name, To: s.to,
			Lossless: loss.Max == 0, Loss: loss,
		})
	}
	return w.Commit()
}
