package convert

import (
	"context"
	"fmt"

	"strings"

	"alpaca/internal/atomicfile"
	"alpaca/internal/gguf"
	"alpaca/internal/quantize"
)

// SplitOptions are the options of PlanSplit, Split and Join.
type SplitOptions struct {
	Split quantize.Split
	// NoTensorFirst says that the first file has only the metadata and no tensors.
	NoTensorFirst bool
	Force         bool
	Progress      func(tensor string, done, total int64)
}

// SplitPlan says how a file's tensors are divided among files.
type SplitPlan struct {
	Outputs []string
	Tensors []int   // number of tensors in each file
	Bytes   []int64 // bytes of the tensors in each file
	parts   []int   // for each tensor, the index of its file
}

// PlanSplit decides which tensor goes into which of the files PREFIX-00001-of-N.gguf.
func PlanSplit(f *gguf.File, prefix string, opt SplitOptions) *SplitPlan {
	sizes := make([]int64, len(f.Tensors))
	for i := range f.Tensors {
		sizes[i] = f.Tensors[i].Bytes
	}
	p := &SplitPlan{parts: opt.Split.Parts(sizes)}
	n, first := 1, 0
	if opt.NoTensorFirst {
		first = 1
	}
	for i := range p.parts {
		p.parts[i] += first
		n = max(n, p.parts[i]+1)
	}
	p.Tensors, p.Bytes = make([]int, n), make([]int64, n)
	for i, part := range p.parts {
		p.Tensors[part]++
		p.Bytes[part] += sizes[i]
	}
	p.Outputs = gguf.SplitNames(prefix, n)
	return p
}

// Split writes the model in f, which may consist of several files, to the files of plan
// p, with the same metadata and tensors. The files appear once all are complete.
func Split(ctx context.Context, f *gguf.File, p *SplitPlan, opt SplitOptions) error {
	return copyParts(ctx, f, p.Outputs, p.parts, opt)
}

// Join writes a model that is split into several files as one file.
func Join(ctx context.Context, f *gguf.File, out string, opt SplitOptions) error {
	return copyParts(ctx, f, []string{out}, make([]int, len(f.Tensors)), opt)
}

// copyParts writes tensor i of f to outputs[parts[i]], in the order of f.
func copyParts(ctx context.Context, f *gguf.File, outputs []string, parts []int, opt SplitOptions) error {
	for _, out := range outputs {
		if err := atomicfile.Check(out, f.Parts, opt.Force); err != nil {
			return fmt.Errorf("convert: %w", err)
		}
	}
	var writers []*gguf.Writer
	defer func() {
		for _, w := range writers {
			w.Abort()
		}
	}()
	var total, done int64
	for i, out := range outputs {
		kv, infos := partOf(f, i, len(outputs), parts)
		w, err := gguf.Create(out, kv, infos)
		if err != nil {
			return fmt.Errorf("convert: %w", err)
		}
		writers = append(writers, w)
	}
	for i := range f.Tensors {
		total += f.Tensors[i].Bytes
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		err := gguf.Guard(func() error {
			return copyTensor(ctx, writers[parts[i]], t, func(n int64) {
				done += n
				if opt.Progress != nil {
					opt.Progress(t.Name, done, total)
				}
			})
		})
		if err != nil {
			return fmt.Errorf("convert: tensor %q: %w", t.Name, err)
		}
	}
	if err := f.Unchanged(); err != nil {
		return err
	}
	for _, w := range writers {
		if err := w.Commit(); err != nil {
			return fmt.Errorf("convert: %w", err)
		}
	}
	return nil
}

// partOf returns the metadata and the tensors of output i of n. Only the first has the
// model's metadata.
func partOf(f *gguf.File, i, n int, parts []int) (kv []gguf.KV, infos []gguf.Tensor) {
	for _, e := range f.KV {
		if i == 0 && !strings.HasPrefix(e.Key, "split.") {
			kv = append(kv, e)
		}
	}
	if n > 1 {
		kv = append(kv, gguf.SplitKeys(i, n, len(f.Tensors))...)
	}
	for j := range f.Tensors {
		if parts[j] == i {
			infos = append(infos, gguf.Tensor{Name: f.Tensors[j].Name, Type: f.Tensors[j].Type, Shape: f.Tensors[j].Shape})
		}
	}
	return kv, infos
}

// copyTensor copies the bytes of a tensor in pieces.
func copyTensor(ctx context.Context, w *gguf.Writer, t *gguf.Tensor, done func(int64)) error {
	if err := w.Begin(t.Name); err != nil {
		return err
	}
	row := t.Type.RowBytes(t.Cols())
	step := max(1, pieceBytes/max(1, row))
	buf := make([]byte, min(step, max(1, t.Rows()))*row)
	for lo := 0; lo < t.Rows(); lo += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+step, t.Rows())
		if err := t.Read(buf, lo, hi); err != nil {
			return err
		}
		if _, err := w.Write(buf[:(hi-lo)*row]); err != nil {
			return err
		}
		done(int64((hi - lo) * row))
	}
	if t.Elems() == 0 {
		_, err := w.Write(nil)
		return err
	}
	return nil
}
