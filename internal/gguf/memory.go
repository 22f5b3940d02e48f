package gguf

import (
	"fmt"
	"slices"

	"alpaca/internal/machine"
	"alpaca/internal/pool"
)

// FromMemory returns a checkpoint made of metadata and tensors in memory, as if they were
// from a file with the given format and version. It keeps the slices kv and tensors.
// Names must be unique, and the length of each tensor's Data must fit its type and shape.
func FromMemory(path, format string, version uint32, kv []KV, tensors []Tensor) (*File, error) {
	f := &File{
		Path: path, Parts: []string{path}, Format: format, Version: version, KV: kv, Tensors: tensors,
		keys: make(map[string]int, len(kv)), names: make(map[string]int, len(tensors)),
	}
	for i, e := range kv {
		if _, dup := f.keys[e.Key]; dup {
			return nil, fmt.Errorf("gguf: %s: key %q occurs twice", path, e.Key)
		}
		f.keys[e.Key] = i
	}
	for i := range tensors {
		t := &tensors[i]
		if _, dup := f.names[t.Name]; dup {
			return nil, fmt.Errorf("gguf: %s: tensor %q occurs twice", path, t.Name)
		}
		t.Bytes = int64(t.Rows()) * int64(t.Type.RowBytes(t.Cols()))
		if int64(len(t.Data)) != t.Bytes && (t.Data != nil || t.src == nil) {
			return nil, fmt.Errorf("gguf: %s: tensor %q has %d bytes, want %d", path, t.Name, len(t.Data), t.Bytes)
		}
		f.names[t.Name] = i
	}
	return f, nil
}

// FromRows does what FromMemory does, for tensors whose Data need not be in memory. If the Data
// of tensor i is nil, rows[i] sets dst to rows lo to hi-1 of the tensor. rows[i] may be called
// from many goroutines.
func FromRows(path, format string, kv []KV, tensors []Tensor, rows []func(dst []byte, lo, hi int) error) (*File, error) {
	for i := range tensors {
		if t := &tensors[i]; t.Data == nil {
			t.src = &source{made: rows[i]}
		}
	}
	return FromMemory(path, format, 0, kv, tensors)
}

// Fetch reads all tensors that are not in memory, in parallel.
func (f *File) Fetch() error {
	var rest []*Tensor
	var total int64
	for i := range f.Tensors {
		if t := &f.Tensors[i]; t.Data == nil {
			rest = append(rest, t)
			total += t.Bytes
		}
	}
	if err := machine.Reserve(total); err != nil {
		return fmt.Errorf("gguf: %s: %w", f.Path, err)
	}
	return pool.Each(len(rest), func(i int) error {
		return Guard(func() error {
			t := rest[i]
			data := make([]byte, t.Bytes)
			if err := t.Read(data, 0, t.Rows()); err != nil {
				return fmt.Errorf("gguf: %s: tensor %q: %w", f.Path, t.Name, err)
			}
			t.Data = data
			return nil
		})
	})
}

// Insert puts kv before the metadata entry with index at.
// It returns an error if f already has one of the keys.
func (f *File) Insert(at int, kv []KV) error {
	for _, e := range kv {
		if _, dup := f.keys[e.Key]; dup {
			return fmt.Errorf("gguf: %s: key %q occurs twice", f.Path, e.Key)
		}
	}
	f.KV = slices.Insert(f.KV, at, kv...)
	f.index()
	return nil
}

// OnClose makes Close call fn. For a File from FromRows, fn
// must close the files from which the rows functions read.
func (f *File) OnClose(fn func() error) { f.closer = fn }

// SetEps replaces the file's epsilon of the norms by eps. If eps is 0, it does nothing.
func (f *File) SetEps(eps float32) error { return f.setEps(eps) }
