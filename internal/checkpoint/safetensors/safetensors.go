// Package safetensors reads safetensors files: a length, a header in JSON, and the data.
//
//	u64 length │ {"name": {"dtype", "shape", "data_offsets": [from, to]}, …, "__metadata__": {…}} │ data
//
// Everything is checked: types, shapes and offsets must agree, and the tensors must cover
// the data without gaps and overlaps, in any order.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"

	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/mmap"
)

// maxHeader bounds the size of a header in bytes, as the format's own library does.
const maxHeader = 100_000_000

// File is an open file. Several goroutines may use it, until Close.
type File struct {
	Path     string
	Tensors  []weights.Tensor  // in the order of their data offsets
	Metadata map[string]string // the values of __metadata__; nil if there are none

	file *os.File
	data []byte // the mapped file; nil if it is not mapped
}

// Options change how a file is opened.
type Options struct {
	// Map says that the file is mapped into memory, if the system can do that.
	// Tensors of a mapped file have Data, and reading Data requires mmap.Guard.
	Map bool
}

// Open opens a file and checks its whole header.
func Open(path string, opt Options) (*File, error) {
	st, err := os.Stat(path) // check this first, because os.Open would block on a named pipe
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("safetensors: %s: is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f := &File{Path: path, file: file}
	if err := f.open(st.Size(), opt); err != nil {
		f.Close()
		return nil, fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return f, nil
}

func (f *File) open(size int64, opt Options) error {
	raw, err := readHeader(f.file, size)
	if err != nil {
		return err
	}
	h, err := parseHeader(raw)
	if err != nil {
		return err
	}
	start := int64(8 + len(raw))
	if err := h.check(size - start); err != nil {
		return err
	}
	f.Metadata = h.metadata
	if opt.Map && size > start {
		f.data, _ = mmap.Map(f.file, size) // if mapping fails, tensors are read
	}
	for _, e := range h.entries {
		from := start + e.from
		t := weights.Tensor{Name: e.name, Type: e.typ, Shape: e.shape, File: f.Path}
		if f.data != nil {
			t.Data = f.data[from : start+e.to : start+e.to]
		}
		t.ReadAt = func(dst []byte, off int64) error {
			if n, err := f.file.ReadAt(dst, from+off); n < len(dst) {
				return fmt.Errorf("%s: at byte %d: %w", f.Path, from+off, err)
			}
			return nil
		}
		f.Tensors = append(f.Tensors, t)
	}
	return nil
}

// Tensor returns the tensor with the given name, or nil if there is none.
func (f *File) Tensor(name string) *weights.Tensor {
	i := slices.IndexFunc(f.Tensors, func(t weights.Tensor) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Tensors[i]
}

// Close closes the file. Tensors must not be used afterwards.
func (f *File) Close() error {
	if f.data != nil {
		_ = mmap.Unmap(f.data)
		f.data = nil
	}
	return f.file.Close()
}

// readHeader reads the header's JSON from a file of size bytes.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are too few for the length of a header", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes in a file of %d bytes: it must fit the file, and have at most %d bytes", n, size, int64(maxHeader))
	}
	raw := make([]byte, n)
	if k, err := r.ReadAt(raw, 8); k < len(raw) {
		return nil, err
	}
	return raw, nil
}

// check checks that the header is right for size bytes of data, and sorts the entries by offset.
func (h *header) check(size int64) error {
	for i := range h.entries {
		e := &h.entries[i]
		n, ok := weights.Elements(e.shape)
		switch {
		case !ok:
			return fmt.Errorf("tensor %q: shape %d is negative or too large", e.name, e.shape)
		case e.from < 0 || e.to < e.from || e.to > size:
			return fmt.Errorf("tensor %q: bytes %d to %d, but the data have %d bytes", e.name, e.from, e.to, size)
		case int64(n)*int64(e.typ.Bits())%8 != 0:
			return fmt.Errorf("tensor %q: %d elements of %s are not whole bytes", e.name, n, e.typ)
		case e.to-e.from != e.typ.Bytes(n):
			return fmt.Errorf("tensor %q: %d bytes, want %d for %s %d", e.name, e.to-e.from, e.typ.Bytes(n), e.typ, e.shape)
		}
	}
	slices.SortStableFunc(h.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	at := int64(0)
	for _, e := range h.entries {
		switch {
		case e.from > at:
			return fmt.Errorf("tensor %q: begins at byte %d of the data, %d bytes after the end of the tensor before", e.name, e.from, e.from-at)
		case e.from < at:
			return fmt.Errorf("tensor %q: begins at byte %d of the data, within another tensor, which ends at byte %d", e.name, e.from, at)
		}
		at = e.to
	}
	if at != size {
		return fmt.Errorf("%d bytes of data, but the tensors end at byte %d", size, at)
	}
	return nil
}
