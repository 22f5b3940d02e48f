package gguf

import (
	"fmt"
	"io"
	"os"
	"unsafe"

	"alpaca/internal/mmap"
)

// align is the alignment of a file's first byte in memory. With
// it, tensors have the same alignment in memory as in the file.
const align = 32

// OpenBytes opens a checkpoint that is in memory; name is for messages. The File
// refers to data, which must not change before Close. But the File refers to a copy
// if data does not begin at a multiple of 32 bytes, or if Options.NoMap is set
// without Options.HeaderOnly. OpenBytes returns an error for a part of a split model.
func OpenBytes(name string, data []byte, opt Options) (*File, error) {
	f := &File{Path: name}
	im := &image{path: name, size: int64(len(data)), mapped: true, given: true, data: data}
	if opt.NoMap && !opt.HeaderOnly || mmap.Base(data)%align != 0 {
		im.data, im.copied = alignedCopy(data), true
	}
	f.images = append(f.images, im)
	if err := f.openGiven(im, opt); err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return f, nil
}

// openGiven reads the only part of a checkpoint in memory.
func (f *File) openGiven(im *image, opt Options) error {
	if isLegacy(im.data[:min(4, im.size)]) {
		return fmt.Errorf("%s: a checkpoint from before GGUF must be opened from a file", im.path)
	}
	h, err := im.readHeader(opt)
	if err != nil {
		return pathError(im.path, err)
	}
	if h.splitCount > 1 {
		return fmt.Errorf("%s: is one of %d parts: a split model must be opened from files", im.path, h.splitCount)
	}
	if err := f.join([]*header{h}); err != nil {
		return err
	}
	if err := f.reserve(); err != nil {
		return err
	}
	return f.setEps(opt.Eps)
}

// alignedCopy returns a copy of data that begins at a multiple of align.
func alignedCopy(data []byte) []byte {
	room := make([]byte, len(data)+align-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(room))) % align)
	return room[skip:][:copy(room[skip:], data):len(data)]
}

// WriteTo writes the bytes of the files of all parts, one after the other.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	var n int64
	err := Guard(func() error {
		for _, im := range f.images {
			k, err := im.writeTo(w)
			n += k
			if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func (im *image) writeTo(w io.Writer) (int64, error) {
	if im.mapped {
		n, err := w.Write(im.data)
		return int64(n), err
	}
	file, err := os.Open(im.path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return io.Copy(w, file)
}
