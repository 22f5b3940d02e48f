package quantize

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Importance is an importance matrix. For each column of each tensor, it has the
// mean square of the activations with which the column was multiplied. "perplexity
// --imatrix-out" and llama-imatrix measure these mean squares on a sample text.
type Importance struct {
	Path    string
	Dataset string // the text's name, or ""
	Chunks  int    // number of chunks of the text that were read; 0: unknown

	// columns has the mean squares by tensor name, of shape [matrices, cols]. A tensor of experts
	// has several matrices.
	columns map[string][]float32
}

// ReadImportance reads an importance matrix in one of two
// formats: GGUF, or the older format, which has no magic number.
func ReadImportance(path string) (*Importance, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("quantize: importance matrix: %w", err)
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("quantize: importance matrix: %w", err)
	}
	magic := make([]byte, 4)
	if _, err := io.ReadFull(file, magic); err != nil {
		return nil, fmt.Errorf("quantize: importance matrix %s: %w", path, noEOF(err))
	}
	m := &Importance{Path: path, columns: map[string][]float32{}}
	if string(magic) == "GGUF" {
		err = m.readGGUF(path)
	} else if st.Size() > maxImatrix {
		err = fmt.Errorf("%d bytes, at most %d", st.Size(), int64(maxImatrix))
	} else {
		rest := make([]byte, st.Size()-4)
		if _, err = io.ReadFull(file, rest); err == nil {
			err = m.readDat(append(magic, rest...))
		}
	}
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, fmt.Errorf("quantize: importance matrix %s: %w", path, noEOF(err))
	}
	return m, nil
}

// maxImatrix bounds the size of an importance matrix in bytes. The matrices of all known models
// are far smaller.
const maxImatrix = 1 << 30

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readDat reads the older format, which consists of little-endian int32 and float32:
//
//	number of entries
//	for each: length of the tensor's name, name, calls, number of columns, sums of squares
//	optional: chunks, length of the text's name, name
//
// A mean is a sum divided by calls. If calls is 0, the sums are already means.
func (m *Importance) readDat(data []byte) error {
	r := datReader{rest: data}
	entries := r.int()
	if entries < 1 {
		return errors.New("no entries: not an importance matrix")
	}
	for range entries {
		name := string(r.bytes(r.int()))
		calls := r.int()
		raw := r.bytes(4 * r.int())
		if r.err != nil {
			return r.err
		}
		values := make([]float32, len(raw)/4)
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
			if calls > 0 {
				values[i] /= float32(calls)
			}
		}
		if _, dup := m.columns[name]; dup || name == "" {
			return fmt.Errorf("entry %q is empty or occurs twice", name)
		}
		m.columns[name] = values
	}
	if len(r.rest) > 0 {
		m.Chunks = r.int()
		m.Dataset = string(r.bytes(r.int()))
	}
	return r.err
}

// datReader reads a file's bytes one field after the other. After an error, it returns zeros.
type datReader struct {
	rest []byte
	err  error
}

func (r *datReader) bytes(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.err = fmt.Errorf("%d bytes wanted, only %d are left: the file is cut short, or not an importance matrix", n, len(r.rest))
		r.rest = nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *datReader) int() int {
	b := r.bytes(4)
	if b == nil {
		return 0
	}
	n := int32(binary.LittleEndian.Uint32(b))
	if n < -1 || n > maxImatrix/4 {
		n = -1 // the count or length is invalid; with -1, the next call of bytes fails
	}
	return int(n)
}

// readGGUF reads the format of July 2025. Each tensor has NAME.in_sum2, the sums of squares
// [matrices, cols], and NAME.counts [matrices, 1].
func (m *Importance) readGGUF(path string) error {
	f, err := gguf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if kind, _, _ := f.String("general.type"); kind != "imatrix" {
		return fmt.Errorf("a GGUF file of type %q, want \"imatrix\"", kind)
	}
	if list, _, _ := f.Strings("imatrix.datasets"); len(list) > 0 {
		m.Dataset = list[0]
	}
	if n, _, _ := f.Uint("imatrix.chunk_count"); n < math.MaxInt32 {
		m.Chunks = int(n)
	}
	return gguf.Guard(func() error {
		for i := range f.Tensors {
			sums := &f.Tensors[i]
			name, ok := strings.CutSuffix(sums.Name, ".in_sum2")
			if !ok {
				continue
			}
			counts := f.Tensor(name + ".counts")
			if counts == nil || sums.Type != quant.F32 || counts.Type != quant.F32 || counts.Elems() != sums.Rows() {
				return fmt.Errorf("tensor %q: no counts in float32 for its %d rows", sums.Name, sums.Rows())
			}
			m.columns[name] = means(sums, counts)
		}
		return nil
	})
}

// means divides each row of sums by its count. All columns of a row with count 0 become 1.
func means(sums, counts *gguf.Tensor) []float32 {
	values, n := make([]float32, sums.Elems()), make([]float32, sums.Rows())
	quant.Decode(quant.F32, values, sums.Data)
	quant.Decode(quant.F32, n, counts.Data)
	cols := sums.Cols()
	for i, v := range values {
		if count := n[i/cols]; count > 0 {
			values[i] = v / count
		} else {
			values[i] = 1
		}
	}
	return values
}

// check refuses values that cannot be mean squares.
func (m *Importance) check() error {
	if len(m.columns) == 0 {
		return errors.New("no entries")
	}
	for name, values := range m.columns {
		for i, v := range values {
			if !(v >= 0 && v <= math.MaxFloat32) {
				return fmt.Errorf("entry %q: column %d is %v", name, i, v)
			}
		}
	}
	return nil
}

// Include removes the tensors whose names contain none of the strings in parts.
func (m *Importance) Include(parts []string) {
	for name := range m.columns {
		if !containsAny(name, parts...) {
			delete(m.columns, name)
		}
	}
}

// Exclude removes the tensors whose names contain a string in parts.
func (m *Importance) Exclude(parts []string) {
	for name := range m.columns {
		if containsAny(name, parts...) {
			delete(m.columns, name)
		}
	}
}

// Len returns the number of tensors.
func (m *Importance) Len() int { return len(m.columns) }

// of returns the importance of a tensor's columns, or nil if it is unknown.
func (m *Importance) of(t *gguf.Tensor) ([]float32, error) {
	values, ok := m.columns[t.Name]
	if !ok {
		return nil, nil
	}
	stack := 1
	if len(t.Shape) > 2 {
		stack = t.Shape[len(t.Shape)-3]
	}
	if want := t.Cols() * stack; len(values) != want {
		if t.Name == embedName {
			return nil, nil // the importance was measured when the embedding was used as the output matrix
		}
		return nil, fmt.Errorf("%d columns in the importance matrix, %d in the tensor", len(values), want)
	}
	return values, nil
}

// kv returns the metadata that describe the matrix in the output.
func (m *Importance) kv() []gguf.KV {
	// llama-quantize cuts each string to 128 bytes, including a final NUL.
	cut := func(s string) gguf.Value { return gguf.Str(s[:min(len(s), 127)]) }
	kv := []gguf.KV{{Key: "quantize.imatrix.file", Value: cut(m.Path)}}
	if m.Dataset != "" {
		kv = append(kv, gguf.KV{Key: "quantize.imatrix.dataset", Value: cut(m.Dataset)})
	}
	kv = append(kv, gguf.KV{Key: "quantize.imatrix.entries_count", Value: gguf.U32(uint32(m.Len()))})
	if m.Chunks > 0 {
		kv = append(kv, gguf.KV{Key: "quantize.imatrix.chunks_count", Value: gguf.U32(uint32(m.Chunks))})
	}
	return kv
}

// Unused returns the names of the tensors that are in the matrix but not in the file.
func (m *Importance) Unused(f *gguf.File) []string {
	var names []string
	for name := range m.columns {
		if f.Tensor(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
