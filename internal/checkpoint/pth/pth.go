// Package pth reads files that torch.save wrote, such as pytorch_model.bin and
// .pth: zip archives with a pickle and the bytes of every storage. A pickle is a
// program, which a small machine in this package runs. The machine can build
// dictionaries, numbers and tensors, but it never calls Python code. If the pickle
// asks for Python names that the machine does not know, the error lists them.
package pth

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"

	"alpaca/internal/checkpoint/weights"
)

// maxPickle bounds the size of the pickle in bytes.
// A pickle that describes 100,000 tensors has 20 MB.
const maxPickle = 64 << 20

// File is an open file. Several goroutines may use it, until Close.
type File struct {
	Path    string
	Tensors []weights.Tensor // in the order of the pickle

	file *os.File
	size int64
	root string               // the folder of all records
	zip  map[string]*zip.File // records by name
}

// Open opens a file and reads its pickle.
func Open(name string) (*File, error) {
	st, err := os.Stat(name) // check this first, because os.Open would block on a named pipe
	if err != nil {
		return nil, fmt.Errorf("pth: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("pth: %s: is not a regular file", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("pth: %w", err)
	}
	f := &File{Path: name, file: file, size: st.Size()}
	if err := f.open(); err != nil {
		file.Close()
		return nil, fmt.Errorf("pth: %s: %w", name, err)
	}
	return f, nil
}

// Close closes the file. Tensors must not be used afterwards.
func (f *File) Close() error { return f.file.Close() }

func (f *File) open() error {
	z, err := zip.NewReader(f.file, f.size)
	if err != nil {
		head := make([]byte, 2)
		_, _ = f.file.ReadAt(head, 0)
		if head[0] == 0x80 {
			return errors.New("is a pickle without an archive, as torch wrote before version 1.6: load it with torch and save it again")
		}
		return err
	}
	f.zip = make(map[string]*zip.File, len(z.File))
	pickle := ""
	for _, r := range z.File {
		if f.zip[r.Name] != nil {
			return fmt.Errorf("record %q is there twice", r.Name)
		}
		f.zip[r.Name] = r
		if path.Base(r.Name) == "data.pkl" {
			if pickle != "" {
				return fmt.Errorf("records %q and %q: only one is allowed", pickle, r.Name)
			}
			pickle = r.Name
		}
	}
	if pickle == "" {
		return errors.New("no record data.pkl: not a file of torch.save (TorchScript is not supported)")
	}
	f.root = strings.TrimSuffix(pickle, "data.pkl")
	if order := f.zip[f.root+"byteorder"]; order != nil {
		raw, err := f.record(order, 16)
		if err != nil {
			return err
		}
		if string(raw) != "little" {
			return fmt.Errorf("byteorder is %q, want \"little\"", raw)
		}
	}
	raw, err := f.record(f.zip[pickle], maxPickle)
	if err != nil {
		return err
	}
	return f.read(raw)
}

// read runs the pickle and sets Tensors from the dictionary that it builds.
func (f *File) read(raw []byte) error {
	top, err := unpickle(raw)
	if err != nil {
		return err
	}
	d, ok := top.(*dict)
	if !ok {
		return fmt.Errorf("holds %s, want a dictionary of tensors", describe(top))
	}
	for _, key := range []string{"state_dict", "model_state_dict", "module", "model"} {
		if inner, ok := d.get(key).(*dict); ok && !d.hasTensors() {
			d = inner
			break
		}
	}
	seen := map[string]bool{}
	for _, e := range d.items {
		name, isText := e.key.(string)
		t, isTensor := e.value.(*tensor)
		if !isText || !isTensor {
			continue
		}
		if seen[name] {
			return fmt.Errorf("tensor %q is there twice", name)
		}
		seen[name] = true
		x, err := f.tensor(name, t)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.Tensors = append(f.Tensors, *x)
	}
	if len(f.Tensors) == 0 {
		return errors.New("holds no tensors")
	}
	return nil
}

// record returns the bytes of a record. It returns an error if there are more than limit bytes.
func (f *File) record(r *zip.File, limit int64) ([]byte, error) {
	from, err := f.place(r)
	if err != nil {
		return nil, err
	}
	if int64(r.UncompressedSize64) > limit {
		return nil, fmt.Errorf("record %q: %d bytes, at most %d", r.Name, r.UncompressedSize64, limit)
	}
	raw := make([]byte, r.UncompressedSize64)
	if n, err := f.file.ReadAt(raw, from); n < len(raw) {
		return nil, fmt.Errorf("record %q: %w", r.Name, err)
	}
	return raw, nil
}

// place returns the offset of a record's bytes. It checks that all these bytes are in the file.
func (f *File) place(r *zip.File) (int64, error) {
	if r.Method != zip.Store || r.UncompressedSize64 != r.CompressedSize64 {
		return 0, fmt.Errorf("record %q is compressed, which torch.save never does", r.Name)
	}
	from, err := r.DataOffset()
	switch {
	case err != nil:
		return 0, fmt.Errorf("record %q: %w", r.Name, err)
	case from < 0 || from > f.size || r.UncompressedSize64 > uint64(f.size-from):
		return 0, fmt.Errorf("record %q: %d bytes at byte %d, but the file has %d", r.Name, r.UncompressedSize64, from, f.size)
	}
	return from, nil
}

// tensor returns the tensor that t describes.
func (f *File) tensor(name string, t *tensor) (*weights.Tensor, error) {
	r := f.zip[f.root+"data/"+t.storage.key]
	if r == nil {
		return nil, fmt.Errorf("record %q is missing", "data/"+t.storage.key)
	}
	from, err := f.place(r)
	if err != nil {
		return nil, err
	}
	elem := int64(t.typ.Bits() / 8)
	have := int64(r.UncompressedSize64) / elem // number of elements in the record
	last, err := t.last()
	if err != nil {
		return nil, err
	}
	if t.offset < 0 || last >= have {
		return nil, fmt.Errorf("needs element %d of a storage of %d elements, which are counted from 0", last, have)
	}
	x := &weights.Tensor{Name: name, Type: t.typ, Shape: t.shape, File: f.Path}
	if t.contiguous() {
		from += t.offset * elem
		x.ReadAt = func(dst []byte, off int64) error { return readFull(f.file, dst, from+off) }
		return x, nil
	}
	x.ReadAt = t.strided(f.file, from, elem, last)
	return x, nil
}

// readFull reads all of dst.
func readFull(r io.ReaderAt, dst []byte, off int64) error {
	if n, err := r.ReadAt(dst, off); n < len(dst) {
		return fmt.Errorf("at byte %d: %w", off, err)
	}
	return nil
}

// unknownNames returns the error for names that the machine does not know.
func unknownNames(names map[string]bool) error {
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	sort.Strings(list)
	const limit = 8
	more := ""
	if len(list) > limit {
		list, more = list[:limit], fmt.Sprintf(" and %d more", len(list)-limit)
	}
	return fmt.Errorf("the pickle refers to %s%s: only tensors are read, and no code is run", strings.Join(list, ", "), more)
}
