// Package gguf reads and writes GGUF files. It reads versions 1 to 3, in one file or split into
// many files. It also reads the .bin files of 2023 (legacy.go), and presents them as if they
// were GGUF. It writes version 3. A file is mapped read-only, and a Tensor's Data is a window
// of the mapping. Every count, length, offset and shape is compared with the file's size before
// anything is allocated or sliced. So a bad file gives a clear error, never a panic.
package gguf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"

	"alpaca/internal/machine"
	"alpaca/internal/quant"
)

// File is an open checkpoint with all its parts. Once open, it is immutable and may be used
// from many goroutines. After Close, Data and all slices of it must not be touched.
type File struct {
	Path    string   // as given to Open
	Parts   []string // paths of all parts in order; one for a file that is not split
	Format  string   // "gguf", or in 2023 "ggml", "ggmf", "ggjt"
	Version uint32   // version of the format; 0 for "ggml", which has no versions
	KV      []KV     // metadata in file order, without the split.* keys
	Tensors []Tensor // in file order, part after part

	keys   map[string]int // key → index in KV
	names  map[string]int // name → index in Tensors
	ends   []int          // for each part: index of the first tensor after the part
	images []*image       // one for each part
	closer func() error   // set by OnClose, called by Close; may be nil
}

// Tensor is one tensor of a file.
type Tensor struct {
	Name  string
	Type  quant.Type
	Shape []int  // outermost first: a matrix is [rows, cols]; 1 to 4 dimensions, each of which may be 0
	Data  []byte // rows in the layout of Type; do not write to it, because a mapping is read-only
	Bytes int64  // length of the tensor's data in bytes, even if Options.HeaderOnly left Data nil

	src *source // where Read finds the data if Data is nil; nil if Data is a window of the mapping
}

// Elems returns the number of elements. Open has checked that this number fits an int.
func (t *Tensor) Elems() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Cols returns the length of a row, the innermost dimension.
func (t *Tensor) Cols() int { return t.Shape[len(t.Shape)-1] }

// Rows returns the number of rows: the product of all dimensions except the innermost, or 0 if
// rows have no elements.
func (t *Tensor) Rows() int {
	n := min(1, t.Cols())
	for _, d := range t.Shape[:len(t.Shape)-1] {
		n *= d
	}
	return n
}

// Options change how a file is opened. The zero value is what Open uses.
type Options struct {
	// NoMap reads the file into memory instead of mapping it.
	NoMap bool
	// HeaderOnly asks only for metadata and tensor infos. Data stays nil where it
	// would need memory: if the file is not mapped, or if the layout must be changed.
	HeaderOnly bool
	// Eps replaces the file's epsilon of the norms; 0 keeps it. Files from
	// before GGUF have no epsilon. For them, 0 stands for the usual value.
	Eps float32
}

// Open opens the checkpoint at path. Any part of a split model opens the whole model. Errors
// name the file. The error is a *ForeignError if this package does not read the file's format,
// and a plain error if the file is damaged or unreadable.
func Open(path string) (*File, error) { return OpenWith(path, Options{}) }

// OpenWith does what Open does, with options.
func OpenWith(path string, opt Options) (*File, error) {
	f := &File{Path: path}
	err := Guard(func() error { return f.open(path, opt) })
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return f, nil
}

// open reads the file at path, and all other parts if the model is split.
func (f *File) open(path string, opt Options) error {
	if !(opt.Eps >= 0 && opt.Eps < 1) {
		return pathError(path, fmt.Errorf("norm epsilon %g, want between 0 and 1", opt.Eps))
	}
	im, err := f.addImage(path, opt)
	if err != nil {
		return err
	}
	if head, err := im.at(0, min(4, im.size)); err != nil {
		return pathError(path, err)
	} else if isLegacy(head) {
		return f.openLegacy(im, opt)
	}
	first, err := im.readHeader(opt)
	if err != nil {
		return pathError(path, err)
	}
	parts := []*header{first}
	if first.splitCount > 1 {
		if parts, err = f.openOthers(path, first, opt); err != nil {
			return err
		}
	}
	if err := f.join(parts); err != nil {
		return err
	}
	if err := f.reserve(); err != nil {
		return err
	}
	return f.setEps(opt.Eps)
}

// reserve returns an error if memory is limited and does not suffice for
// the data that callers make from the metadata, such as the vocabulary.
func (f *File) reserve() error {
	if !machine.Limited() {
		return nil
	}
	var n int64
	for _, kv := range f.KV {
		n += int64(len(kv.Value.raw) + 16*kv.Value.n)
	}
	if err := machine.Reserve(4 * n); err != nil {
		return fmt.Errorf("%s: the vocabulary: %w", f.Path, err)
	}
	machine.FitHeap()
	return nil
}

// setEps replaces the file's epsilon of the norms by eps. If eps is 0, it does nothing.
func (f *File) setEps(eps float32) error {
	if eps == 0 {
		return nil
	}
	arch, _, err := f.String("general.architecture")
	if err != nil {
		return err
	}
	e := KV{arch + ".attention.layer_norm_rms_epsilon", F32(eps)}
	if i, ok := f.keys[e.Key]; ok {
		f.KV[i] = e
	} else {
		f.keys[e.Key] = len(f.KV)
		f.KV = append(f.KV, e)
	}
	return nil
}

// addImage opens one file, which f.Close closes.
func (f *File) addImage(path string, opt Options) (*image, error) {
	im, err := openImage(path, opt)
	if err != nil {
		return nil, err
	}
	f.images = append(f.images, im)
	return im, nil
}

// openPart opens one file of a split model and reads its header.
func (f *File) openPart(path string, opt Options) (*header, error) {
	im, err := f.addImage(path, opt)
	if err != nil {
		return nil, err
	}
	h, err := im.readHeader(opt)
	if err != nil {
		return nil, pathError(path, err)
	}
	return h, nil
}

// pathError puts path in front of err, unless err already names its file.
func pathError(path string, err error) error {
	var foreign *ForeignError
	var fault *FaultError
	if errors.As(err, &foreign) || errors.As(err, &fault) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// index fills f.keys and f.names.
func (f *File) index() {
	f.keys = make(map[string]int, len(f.KV))
	for i, kv := range f.KV {
		f.keys[kv.Key] = i
	}
	f.names = make(map[string]int, len(f.Tensors))
	for i, t := range f.Tensors {
		f.names[t.Name] = i
	}
}

// Container returns the name of the container and its version,
// such as "gguf 3". The container "ggml" has no version.
func (f *File) Container() string {
	if f.Version == 0 {
		return f.Format
	}
	return fmt.Sprint(f.Format, " ", f.Version)
}

// Close unmaps the file. It may be called more than once.
func (f *File) Close() error {
	var first error
	for _, im := range f.images {
		if err := im.close(); err != nil && first == nil {
			first = fmt.Errorf("gguf: %s: %w", im.path, err)
		}
	}
	f.images = nil
	if f.closer != nil {
		first = errors.Join(first, f.closer())
		f.closer = nil
	}
	return first
}

// Size returns the size of all parts in bytes.
func (f *File) Size() int64 {
	var n int64
	for _, im := range f.images {
		n += im.size
	}
	return n
}

// Mapped reports whether all parts are mapped, instead of read into memory.
func (f *File) Mapped() bool {
	for _, im := range f.images {
		if !im.mapped || im.copied {
			return false
		}
	}
	return true
}

// Tensor returns the tensor with the given name, or nil if there is none.
func (f *File) Tensor(name string) *Tensor {
	if i, ok := f.names[name]; ok {
		return &f.Tensors[i]
	}
	return nil
}

// PartOf returns the index in Parts of the part that has the tensor with
// the given name, or -1 if there is none. For files from before GGUF,
// PartOf returns 0, because every part holds a slice of every tensor.
func (f *File) PartOf(name string) int {
	i, ok := f.names[name]
	if !ok {
		return -1
	}
	return sort.SearchInts(f.ends, i+1)
}

// Unchanged returns an error if a part no longer has the size it had when it was opened.
// Reading past the end of a truncated file's mapping usually faults (see Guard), but the rest
// of the last page reads as zeros. Unchanged also detects truncations within the last page.
func (f *File) Unchanged() error {
	for _, im := range f.images {
		if im.given {
			continue
		}
		st, err := os.Stat(im.path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			// The file was removed or replaced. But the mapping still has the old contents.
		case err != nil:
			return fmt.Errorf("gguf: %w", err)
		case os.SameFile(st, im.stat) && st.Size() != im.size:
			return fmt.Errorf("gguf: %s: changed from %d to %d bytes while in use", im.path, im.size, st.Size())
		}
	}
	return nil
}

// Name returns the file's base name, for messages.
func (f *File) Name() string { return filepath.Base(f.Path) }
