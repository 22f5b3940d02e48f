package eval

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// WriteGGUF writes the format of llama-imatrix since July 2025: two tensors for each
// matrix, the sums of squares and the number of tokens.
func (m *Imatrix) WriteGGUF(path string) error {
	stacks, err := m.stacks()
	if err != nil {
		return err
	}
	kv := []gguf.KV{
		{Key: "general.type", Value: gguf.Str("imatrix")},
		{Key: "imatrix.datasets", Value: gguf.Strs([]string{m.Dataset})},
		{Key: "imatrix.chunk_count", Value: gguf.U32(uint32(m.Chunks))},
		{Key: "imatrix.chunk_size", Value: gguf.U32(uint32(m.ChunkSize))},
	}
	var tensors []gguf.Tensor
	var data [][]float32
	for _, s := range stacks {
		counts := make([]float32, len(s.tokens))
		for i, n := range s.tokens {
			counts[i] = float32(n)
		}
		sumsShape, countsShape := []int{len(counts), s.cols}, []int{len(counts), 1}
		if len(counts) == 1 { // ggml drops outer dimensions of 1
			sumsShape, countsShape = sumsShape[1:], countsShape[1:]
		}
		tensors = append(tensors,
			gguf.Tensor{Name: s.name + ".in_sum2", Type: quant.F32, Shape: sumsShape},
			gguf.Tensor{Name: s.name + ".counts", Type: quant.F32, Shape: countsShape})
		data = append(data, s.squares, counts)
	}
	w, err := gguf.Create(path, kv, tensors)
	if err != nil {
		return err
	}
	defer w.Abort()
	for i, t := range tensors {
		if err := w.Begin(t.Name); err != nil {
			return err
		}
		if _, err := w.Write(floatBytes(nil, data[i])); err != nil {
			return err
		}
	}
	return w.Commit()
}

// WriteDat writes the older format, which every llama-quantize since January 2024 reads.
// Numbers are little-endian and have 4 bytes:
//
//	number of matrices
//	for each: length of the name, name, calls, number of columns, sums (float32)
//	windows evaluated
//	length of the dataset's name, name
//
// calls is the number of windows that the tokens of a matrix fill. A sum is the mean square of a
// column multiplied by calls, because readers divide by calls.
func (m *Imatrix) WriteDat(w io.Writer) error {
	stacks, err := m.stacks()
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	out := le.AppendUint32(nil, uint32(len(stacks)))
	for _, s := range stacks {
		size := max(m.ChunkSize, 1)
		calls := (slices.Max(s.tokens) + size - 1) / size
		out = le.AppendUint32(out, uint32(len(s.name)))
		out = append(out, s.name...)
		out = le.AppendUint32(out, uint32(calls))
		out = le.AppendUint32(out, uint32(len(s.squares)))
		sums := make([]float32, len(s.squares))
		for i, v := range s.squares {
			mean := float32(1) // the mean of an expert without tokens
			if n := s.tokens[i/s.cols]; n > 0 {
				mean = v / float32(n)
			}
			sums[i] = mean * float32(calls)
		}
		out = floatBytes(out, sums)
	}
	out = le.AppendUint32(out, uint32(m.Chunks))
	out = le.AppendUint32(out, uint32(len(m.Dataset)))
	out = append(out, m.Dataset...)
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("eval: imatrix: %w", err)
	}
	return nil
}

// floatBytes appends xs as little-endian float32.
func floatBytes(dst []byte, xs []float32) []byte {
	for _, x := range xs {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
	}
	return dst
}
