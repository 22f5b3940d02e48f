// Package convert rewrites checkpoints of other formats as GGUF version 3. These formats are
// folders of Hugging Face, the .bin files from before GGUF, GGUF versions 1 and 2, and the
// checkpoints of llama2.c. Values that GGUF can hold are kept to the bit. Other values are rounded,
// and the change is measured: if blocks of weights have float32 scales, for example, these become
// float16. With Options.Exact, a tensor whose values would change is stored as float32 instead.
// Data are converted in pieces, so models may have any size.
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

// Options are the options of Run. The zero value suits all inputs except llama2.c checkpoints,
// which need Vocab.
type Options struct {
	// Vocab is the path of a llama2.c vocabulary (tokenizer.bin), for an input
	// that is a llama2.c checkpoint.
	Vocab string
	// Exact says that a tensor whose values would be rounded is stored as float32, which takes more
	// space.
	Exact bool
	// Eps is the epsilon of the norms. 0 stands for the value in the input, or for the usual value
	// if the input has none.
	Eps float32
	// Name is the model's name; "" keeps the name in the input.
	Name string
	// Force allows the output to replace a file.
	Force bool
	// If Progress is not nil, it is called with the name of the current tensor, the number of
	// bytes that have been read of the input's tensors, and the total number of these bytes.
	Progress func(tensor string, done, total int64)
}

// Result describes a conversion by Run.
type Result struct {
	Format      string // format of the input, with its version
	Tensors     []TensorResult
	InputBytes  int64 // number of bytes of all tensors of the input
	OutputBytes int64 // size of the output file in bytes
	Elapsed     time.Duration
}

// TensorResult describes the conversion of one tensor.
type TensorResult struct {
	Name     string
	Shape    []int  // outermost first
	From     string // name of the number format in the input
	To       quant.Type
	Lossless bool        // all values are unchanged
	Loss     quant.Error // zero if Lossless
}

// Errors for which a caller may have advice.
var (
	// ErrNeedsVocab is the error for a llama2.c checkpoint without Options.Vocab.
	ErrNeedsVocab = errors.New("holds no vocabulary")
	// ErrTooLarge is the error for a number that is too large for float16.
	ErrTooLarge = errors.New("does not fit float16")
)

// Run reads the checkpoint at the path in and writes a GGUF file to the path out. If Run fails, a
// file at this path is unchanged.
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

// write converts the tensors of m, each as its step says, and writes the file to the path out.
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
