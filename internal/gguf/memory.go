package gguf

import "fmt"

// FromMemory returns a checkpoint made of metadata and tensors in memory, as if
// a file of format and version had held them. It keeps both slices. Names must
// be unique, and each tensor's Data of the length that its type and shape ask for.
func FromMemory(path, format string, version uint32, kv []KV, tensors []Tensor) (*File, error) {
	f := &File{
		Path: path, Parts: []string{path}, Format: format, Version: version, KV: kv, Tensors: tensors,
		keys: make(map[string]int, len(kv)), names: make(map[string]int, len(tensors)),
	}
	for i, e := range kv {
		if _, dup := f.keys[e.Key]; dup {
			return nil, fmt.Errorf("gguf: %s: key %q is there twice", path, e.Key)
		}
		f.keys[e.Key] = i
	}
	for i := range tensors {
		t := &tensors[i]
		if _, dup := f.names[t.Name]; dup {
			return nil, fmt.Errorf("gguf: %s: tensor %q is there twice", path, t.Name)
		}
		if want := int64(t.Rows()) * int64(t.Type.RowBytes(t.Cols())); int64(len(t.Data)) != want {
			return nil, fmt.Errorf("gguf: %s: tensor %q has %d bytes, want %d", path, t.Name, len(t.Data), want)
		}
		t.Bytes = int64(len(t.Data))
		f.names[t.Name] = i
	}
	return f, nil
}
