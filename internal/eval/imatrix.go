package eval

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Imatrix collects the importance matrix of a model over a text: for every
// weight matrix, how strong each of its input columns is on average. Quantizing
// then rounds most carefully what matters most.
type Imatrix struct {
	// Output says whether the output matrix is collected too, which llama.cpp
	// leaves out unless told otherwise.
	Output bool

	Dataset   string // the text's name, stored in the files
	Chunks    int    // windows evaluated
	ChunkSize int    // tokens in one

	entries map[string]*importance
}

// importance is what is known of a matrix's input.
type importance struct {
	squares []float64 // [cols], sums over the tokens
	tokens  int
}

// Collect adds the input x [tokens, cols] of a product with the named matrix. It
// is a model.Session's Collect.
func (m *Imatrix) Collect(name string, x []float32, tokens, cols int) {
	if !strings.HasPrefix(name, "blk.") && !(m.Output && name == "output.weight") {
		return
	}
	if m.entries == nil {
		m.entries = map[string]*importance{}
	}
	e := m.entries[name]
	if e == nil {
		e = &importance{squares: make([]float64, cols)}
		m.entries[name] = e
	}
	if len(e.squares) != cols {
		panic(fmt.Sprintf("eval: imatrix: %s has %d columns and then %d", name, len(e.squares), cols))
	}
	for t := range tokens {
		for j, v := range x[t*cols:][:cols] {
			e.squares[j] += float64(v) * float64(v) // exact, so fused or not
		}
	}
	e.tokens += tokens
}

// names returns the names of the matrices in the order of the files.
func (m *Imatrix) names() ([]string, error) {
	if len(m.entries) == 0 {
		return nil, fmt.Errorf("eval: imatrix: nothing was collected")
	}
	names := slices.Sorted(maps.Keys(m.entries))
	for _, name := range names {
		for j, v := range m.entries[name].squares {
			if !(v <= math.MaxFloat32) {
				return nil, fmt.Errorf("eval: imatrix: %s: column %d is %v", name, j, v)
			}
		}
	}
	return names, nil
}

// WriteGGUF writes the form that llama-imatrix has had since July 2025: two
// tensors for each matrix, the sums of squares and the number of tokens.
func (m *Imatrix) WriteGGUF(path string) error {
	names, err := m.names()
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
	for _, name := range names {
		e := m.entries[name]
		squares := make([]float32, len(e.squares))
		for j, v := range e.squares {
			squares[j] = float32(v)
		}
		tensors = append(tensors,
			gguf.Tensor{Name: name + ".in_sum2", Type: quant.F32, Shape: []int{1, len(squares)}},
			gguf.Tensor{Name: name + ".counts", Type: quant.F32, Shape: []int{1, 1}})
		data = append(data, squares, []float32{float32(e.tokens)})
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

// WriteDat writes the older form, which every llama-quantize since January
// 2024 reads. Numbers are 4 bytes, little-endian:
//
//	number of matrices
//	for each: length of the name, name, calls, number of columns, sums (float32)
//	windows evaluated
//	length of the dataset's name, name
//
// The sums are scaled as if each call had been one token: readers divide by
// calls.
func (m *Imatrix) WriteDat(w io.Writer) error {
	names, err := m.names()
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	out := le.AppendUint32(nil, uint32(len(names)))
	for _, name := range names {
		e := m.entries[name]
		size := max(m.ChunkSize, 1)
		calls := (e.tokens + size - 1) / size
		out = le.AppendUint32(out, uint32(len(name)))
		out = append(out, name...)
		out = le.AppendUint32(out, uint32(calls))
		out = le.AppendUint32(out, uint32(len(e.squares)))
		sums := make([]float32, len(e.squares))
		for j, v := range e.squares {
			sums[j] = float32(v) / float32(e.tokens) * float32(calls)
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

// floatBytes appends xs as a file has them.
func floatBytes(dst []byte, xs []float32) []byte {
	for _, x := range xs {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
	}
	return dst
}
