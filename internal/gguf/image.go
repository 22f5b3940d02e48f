package gguf

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"alpaca/internal/machine"
	"alpaca/internal/mmap"
)

// FaultError says that a part of a mapped file can no longer be read.
type FaultError = mmap.FaultError

// Guard calls fn and turns a fault in a mapped file into a *FaultError. Every goroutine that reads
// a mapping needs a Guard of its own. Without a Guard, a fault ends the process.
func Guard(fn func() error) error { return mmap.Guard(fn) }

// image has the bytes of one file, which is mapped if possible and read otherwise.
type image struct {
	path   string
	size   int64
	stat   os.FileInfo
	data   []byte   // if the file is mapped, the whole file; otherwise the beginning that has been read so far
	mapped bool     // data is the whole file, and its address does not change
	given  bool     // data is from OpenBytes: there is no file
	copied bool     // data is a copy of OpenBytes' argument
	mapErr error    // why the file could not be mapped
	file   *os.File // open only while an unmapped file is read
}

// openImage opens the file and maps it, unless mapping fails or opt forbids it.
func openImage(path string, opt Options) (*image, error) {
	// Stat comes first, because opening a named pipe would wait for its writer.
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case st.IsDir():
		return nil, fmt.Errorf("%s: is a directory, not a model file", path)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is not a regular file", path)
	case st.Size() == 0:
		return nil, fmt.Errorf("%s: is empty", path)
	case st.Size() > math.MaxInt:
		return nil, fmt.Errorf("%s: %d bytes do not fit the address space of this machine (%d bits)", path, st.Size(), intBits)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	im := &image{path: path, size: st.Size(), stat: st}
	if !opt.NoMap {
		if im.data, err = mmap.Map(file, st.Size()); err == nil {
			im.mapped = true
			return im, file.Close()
		}
		im.mapErr = err
	}
	im.file = file
	return im, nil
}

// reserve returns an error if there is not enough memory for reading n bytes of the file.
func (im *image) reserve(n int64) error {
	err := machine.Reserve(n)
	if err != nil && im.mapErr != nil {
		err = fmt.Errorf("cannot be mapped (%w), and to read the file instead, %w", im.mapErr, err)
	}
	return err
}

// intBits is the width of an int.
const intBits = 32 << (^uint(0) >> 63)

// close unmaps the file, or drops the bytes that were read.
func (im *image) close() error {
	var err error
	if im.file != nil {
		err = im.file.Close()
		im.file = nil
	}
	if im.mapped && !im.given {
		err = errors.Join(err, mmap.Unmap(im.data))
	}
	im.mapped = false
	im.data = nil
	return err
}

// firstRead is how much of an unmapped file is read before its header is
// parsed: enough for the metadata of most models.
const firstRead = 1 << 20

// readHeader parses the header. If the file is not mapped, it reads more and more of the
// file until the header is complete. Unless opt.HeaderOnly is set, it then reads the rest.
func (im *image) readHeader(opt Options) (*header, error) {
	if im.mapped {
		return parseHeader(im.path, im.data, im.size, false)
	}
	for want := int64(firstRead); ; want *= 8 {
		if err := im.readTo(min(want, im.size, maxHeader)); err != nil {
			return nil, err
		}
		_, err := parseHeader(im.path, im.data, im.size, true)
		if err == nil {
			break
		}
		if !errors.Is(err, errShort) {
			return nil, err
		}
	}
	if opt.HeaderOnly {
		h, err := parseHeader(im.path, im.data, im.size, true)
		if err == nil {
			h.giveSources(im)
		}
		return h, err
	}
	if err := im.reserve(im.size); err != nil {
		return nil, err
	}
	if err := im.readTo(im.size); err != nil {
		return nil, err
	}
	err := im.file.Close()
	im.file = nil
	if err != nil {
		return nil, err
	}
	return parseHeader(im.path, im.data, im.size, false)
}

// at returns n bytes of the file from offset off, as a window of
// the mapping or as a copy. All n bytes must be within the file.
func (im *image) at(off, n int64) ([]byte, error) {
	if im.mapped {
		return im.data[off : off+n : off+n], nil
	}
	p := make([]byte, n)
	return p, im.readAt(p, off)
}

// readAt copies len(p) bytes of the file from offset
// off to p. All of these bytes must be within the file.
func (im *image) readAt(p []byte, off int64) error {
	if im.mapped {
		copy(p, im.data[off:off+int64(len(p))])
		return nil
	}
	if im.file == nil {
		return os.ErrClosed
	}
	_, err := im.file.ReadAt(p, off)
	return err
}

// cursor returns a cursor over at most n bytes of the file from offset off.
func (im *image) cursor(off, n int64) (*cursor, error) {
	p, err := im.at(off, min(n, im.size-off))
	return &cursor{b: p, base: off, size: im.size}, err
}

// readTo reads the first n bytes of the file into im.data.
func (im *image) readTo(n int64) error {
	data := make([]byte, n)
	have := copy(data, im.data)
	if _, err := im.file.ReadAt(data[have:], int64(have)); err != nil && !errors.Is(err, io.EOF) {
		return err
	} else if err != nil && n < im.size {
		return fmt.Errorf("shrank while it was read: %w", io.ErrUnexpectedEOF)
	}
	im.data = data
	return nil
}
