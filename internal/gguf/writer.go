package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"

	"alpaca/internal/atomicfile"
	"alpaca/internal/quant"
)

// Writer writes a GGUF file of version 3. Create writes the header. Then Write writes the
// tensors' data, in order. The file appears under its name only when Commit has written
// it to disk completely. A failure leaves an older file at the same path unchanged.
//
//	w, err := gguf.Create(path, kv, tensors)
//	defer w.Abort()
//	for each tensor { w.Begin(name); w.Write(data) … }
//	return w.Commit()
type Writer struct {
	path string
	file *atomicfile.File
	buf  *bufio.Writer
	err  error // the first failure; all later calls return it

	alignment uint64
	tensors   []Tensor
	next      int   // index of the tensor that Begin expects
	left      int64 // bytes of the current tensor that have not been written yet
}

// Create begins the file at path. It writes the tensors' Name, Type and Shape and ignores
// Data. If Open would not accept the result, Create fails before it writes anything to disk.
func Create(path string, kv []KV, tensors []Tensor) (*Writer, error) {
	w := &Writer{path: path, tensors: tensors, alignment: defaultAlignment}
	head, err := w.header(kv)
	if err != nil {
		return nil, fmt.Errorf("gguf: %s: %w", path, err)
	}
	if w.file, err = atomicfile.Create(path, 0o666); err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	w.buf = bufio.NewWriterSize(w.file, 1<<20)
	if _, err := w.buf.Write(head); err != nil {
		w.Abort()
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return w, nil
}

// FileSize returns the size of the complete file, with
// all data, that Create makes from the same arguments.
func FileSize(kv []KV, tensors []Tensor) (int64, error) {
	w := &Writer{tensors: tensors, alignment: defaultAlignment}
	head, err := w.header(kv)
	if err != nil {
		return 0, fmt.Errorf("gguf: %w", err)
	}
	size := uint64(len(head))
	for _, t := range tensors {
		n, _ := fileBytes(t.Type, t.Shape) // checked by header
		size += alignUp(n, w.alignment)
	}
	return int64(size), nil
}

// header returns everything before the data, including padding.
func (w *Writer) header(kv []KV) ([]byte, error) {
	le := binary.LittleEndian
	head := le.AppendUint32([]byte(magic), 3)
	head = le.AppendUint64(head, uint64(len(w.tensors)))
	head = le.AppendUint64(head, uint64(len(kv)))
	if len(kv) > maxKeys || len(w.tensors) > maxTensors {
		return nil, fmt.Errorf("%d keys and %d tensors, at most %d and %d", len(kv), len(w.tensors), maxKeys, maxTensors)
	}
	seen := make(map[string]bool, len(kv)+len(w.tensors))
	for _, e := range kv {
		switch {
		case e.Key == "" || len(e.Key) > maxKeyLen:
			return nil, fmt.Errorf("key %q: %d bytes, want 1 to %d", e.Key, len(e.Key), maxKeyLen)
		case seen[e.Key]:
			return nil, fmt.Errorf("key %q occurs twice", e.Key)
		case e.Value.n == 0 && e.Value.Kind != KindArray:
			return nil, fmt.Errorf("key %q has no value", e.Key)
		}
		seen[e.Key] = true
		if e.Key == keyAlignment {
			n, ok := e.Value.Uint()
			if !ok || bits.OnesCount64(n) != 1 || n > 1<<20 {
				return nil, fmt.Errorf("key %q: %v is not a power of two up to 2^20", e.Key, e.Value)
			}
			w.alignment = n
		}
		head = le.AppendUint64(head, uint64(len(e.Key)))
		head = append(head, e.Key...)
		head = appendValue(head, e.Value)
	}
	head, err := w.appendInfos(head)
	if err != nil {
		return nil, err
	}
	if len(head) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, at most %d", len(head), maxHeader)
	}
	if len(w.tensors) == 0 {
		return head, nil // the file has only a vocabulary, so there is no data to align
	}
	return append(head, make([]byte, alignUp(uint64(len(head)), w.alignment)-uint64(len(head)))...), nil
}

// appendInfos appends the tensor infos.
func (w *Writer) appendInfos(head []byte) ([]byte, error) {
	le := binary.LittleEndian
	seen := make(map[string]bool, len(w.tensors))
	var offset uint64
	for _, t := range w.tensors {
		if t.Name == "" || len(t.Name) > maxNameLen || seen[t.Name] {
			return nil, fmt.Errorf("tensor %q: name is empty, longer than %d, or used twice", t.Name, maxNameLen)
		}
		seen[t.Name] = true
		size, err := fileBytes(t.Type, t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		head = le.AppendUint64(head, uint64(len(t.Name)))
		head = append(head, t.Name...)
		head = le.AppendUint32(head, uint32(len(t.Shape)))
		for d := len(t.Shape) - 1; d >= 0; d-- {
			head = le.AppendUint64(head, uint64(t.Shape[d]))
		}
		head = le.AppendUint32(head, uint32(t.Type))
		head = le.AppendUint64(head, offset)
		offset += alignUp(size, w.alignment)
	}
	return head, nil
}

// fileBytes returns how many bytes a tensor's data
// has, or an error if a file cannot hold the tensor.
func fileBytes(typ quant.Type, shape []int) (uint64, error) {
	if err := checkType(typ); err != nil {
		return 0, err
	}
	if len(shape) < 1 || len(shape) > maxDims {
		return 0, fmt.Errorf("%d dimensions, want 1 to %d", len(shape), maxDims)
	}
	ne := make([]uint64, len(shape))
	for d, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %d: a dimension is negative", shape)
		}
		ne[len(shape)-1-d] = uint64(n)
	}
	return dataBytes(typ, ne)
}

// Begin starts the tensor with the given name: the following Writes are its data. Tensors
// must be written in the order in which Create got them, and each must be complete.
func (w *Writer) Begin(name string) error {
	switch {
	case w.err != nil:
		return w.err
	case w.left > 0:
		return w.fail(fmt.Errorf("tensor %q: %d bytes are missing", w.tensors[w.next-1].Name, w.left))
	case w.next == len(w.tensors):
		return w.fail(fmt.Errorf("tensor %q comes after the last one", name))
	case w.tensors[w.next].Name != name:
		return w.fail(fmt.Errorf("tensor %q comes where %q is expected", name, w.tensors[w.next].Name))
	}
	size, _ := fileBytes(w.tensors[w.next].Type, w.tensors[w.next].Shape) // checked by Create
	w.left = int64(size)
	w.next++
	return nil
}

// Write writes some of the data of the current tensor.
func (w *Writer) Write(p []byte) (int, error) {
	switch {
	case w.err != nil:
		return 0, w.err
	case w.next == 0:
		return 0, w.fail(errors.New("data before the first tensor"))
	case int64(len(p)) > w.left:
		return 0, w.fail(fmt.Errorf("tensor %q: %d bytes more than its size", w.tensors[w.next-1].Name, int64(len(p))-w.left))
	}
	n, err := w.buf.Write(p)
	if w.left -= int64(n); err != nil {
		return n, w.fail(err)
	}
	if w.left == 0 {
		size, _ := fileBytes(w.tensors[w.next-1].Type, w.tensors[w.next-1].Shape)
		if err := w.zeros(alignUp(size, w.alignment) - size); err != nil {
			return n, w.fail(err)
		}
	}
	return n, nil
}

// WriteTensor calls Begin, and then Write with all data of the tensor.
func (w *Writer) WriteTensor(name string, data []byte) error {
	if err := w.Begin(name); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// zeros writes n bytes of padding.
func (w *Writer) zeros(n uint64) error {
	_, err := io.CopyN(w.buf, zeroReader{}, int64(n))
	return err
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Commit makes the file appear under its name. It fails if a tensor is incomplete or missing.
func (w *Writer) Commit() error {
	switch {
	case w.err != nil:
	case w.left > 0:
		w.fail(fmt.Errorf("tensor %q: %d bytes are missing", w.tensors[w.next-1].Name, w.left))
	case w.next < len(w.tensors):
		w.fail(fmt.Errorf("tensor %q is missing", w.tensors[w.next].Name))
	default:
		if err := w.buf.Flush(); err != nil {
			w.fail(err)
		}
	}
	if w.err != nil {
		w.Abort()
		return w.err
	}
	if err := w.file.Commit(); err != nil {
		return w.fail(err)
	}
	w.err = errors.New("gguf: the file is closed")
	return nil
}

// Abort removes the unfinished file. After Commit, it does nothing.
func (w *Writer) Abort() {
	w.file.Abort()
	if w.err == nil {
		w.err = errors.New("gguf: the file is closed")
	}
}

// fail adds the name of the file to err, stores the result for all later calls, and returns it.
func (w *Writer) fail(err error) error {
	var path *fs.PathError
	var link *os.LinkError // from a rename
	if !errors.As(err, &path) && !errors.As(err, &link) {
		err = fmt.Errorf("%s: %w", w.path, err)
	}
	w.err = fmt.Errorf("gguf: %w", err)
	return w.err
}
