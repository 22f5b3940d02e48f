package gguf

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"sort"

	"alpaca/internal/quant"
)

// These are bounds on what a header may hold. They are far above the numbers in all known
// files. Because of them, a bad file takes less than 64 MB of memory before it is refused.
const (
	maxKeys    = 1 << 12
	maxTensors = 1 << 15 // a model with 128 experts in separate tensors has 14 thousand tensors
	maxKeyLen  = 1 << 10
	maxNameLen = 127      // bytes of a tensor's name; the format's own limit is 63
	maxArray   = 1 << 21  // elements; the largest vocabularies have 2^18 tokens and 2^19 merges
	maxHeader  = 48 << 20 // bytes; vocabularies of 2^18 tokens need up to 20 MB
	maxNesting = 4        // levels of arrays inside an array
	maxNested  = 1 << 16  // arrays inside arrays in a file
	maxDims    = 4
)

const (
	keyAlignment    = "general.alignment"
	keySplitNo      = "split.no"
	keySplitCount   = "split.count"
	keySplitTensors = "split.tensors.count"

	defaultAlignment = 32
)

// header has everything that precedes the tensors' data in a file.
type header struct {
	path      string
	version   uint32
	kv        []KV
	tensors   []Tensor
	alignment uint64

	start  uint64   // offset of the data in the file
	places []extent // place of each tensor's data, relative to start

	splitNo, splitCount uint64 // index of this file, and number of files; both are 0 if the model is not split
	splitTensors        int64  // number of tensors in all files; -1 if the file does not have this number
}

// headerReader reads a header.
type headerReader struct {
	*header
	c    cursor
	size int64 // of the file
	enc  encoding
	seen map[string]bool
}

// extent is the place of a tensor's data, in bytes from the start of the data.
type extent struct{ start, bytes uint64 }

// parseHeader reads the header of the file at path, which has size bytes. data holds the
// first bytes of the file. If headerOnly is set, data may be shorter than the file, and
// the tensors get no Data. If data ends within the header, the error wraps errShort.
func parseHeader(path string, data []byte, size int64, headerOnly bool) (*header, error) {
	if err := checkForeign(path, data, size); err != nil {
		return nil, err
	}
	r := &headerReader{
		header: &header{path: path, alignment: defaultAlignment, splitTensors: -1},
		c:      cursor{b: data[:min(len(data), maxHeader)], size: size},
		size:   size,
	}
	if err := r.read(); err != nil {
		return nil, err
	}
	r.start = alignUp(uint64(r.c.pos), r.alignment)
	if err := r.checkPlaces(); err != nil {
		return nil, err
	}
	if !headerOnly {
		for i := range r.tensors {
			t, e := &r.tensors[i], r.places[i]
			t.Data = data[r.start+e.start:][:e.bytes:e.bytes]
		}
	}
	return r.header, nil
}

// read reads everything up to the data.
func (r *headerReader) read() error {
	r.c.bytes(4) // skip the magic, which checkForeign has checked
	r.version = r.c.u32()
	if r.c.err != nil {
		return r.c.err
	}
	if v := bits.ReverseBytes32(r.version); v >= 1 && v <= 3 {
		return errors.New("is big-endian, for s390x and the like; only little-endian files are read")
	}
	if r.version < 1 || r.version > 3 {
		return fmt.Errorf("GGUF version %d: the known versions are 1 to 3", r.version)
	}
	r.enc = encoding{short: r.version == 1, trim: r.version < 3}

	nTensors, nKV := r.c.length(r.enc), r.c.length(r.enc)
	if r.c.err != nil {
		return r.c.err
	}
	// The smallest metadata entry is a length, a kind and a byte. The smallest tensor info is a
	// length, the number of dimensions, one dimension, a type and an offset.
	if err := r.checkCount("metadata entries", nKV, maxKeys, r.enc.lengthSize()+5); err != nil {
		return err
	}
	if err := r.checkCount("tensors", nTensors, maxTensors, 2*r.enc.lengthSize()+16); err != nil {
		return err
	}
	if err := r.readKV(int(nKV)); err != nil {
		return err
	}
	if err := r.readSettings(); err != nil {
		return err
	}
	return r.readTensors(int(nTensors))
}

// checkCount returns an error if n is above limit, or if n entries do not fit into the rest of
// the file. each is the least size of an entry in bytes. what names the entries in messages.
func (r *headerReader) checkCount(what string, n, limit uint64, each int) error {
	if rest := uint64(r.size) - uint64(r.c.pos); n > rest/uint64(each) {
		return fmt.Errorf("%d %s run %w (%d bytes)", n, what, ErrTruncated, r.size)
	}
	if n > limit {
		return fmt.Errorf("%d %s, at most %d are read", n, what, limit)
	}
	return nil
}

// readKV reads n metadata entries.
func (r *headerReader) readKV(n int) error {
	r.kv = make([]KV, 0, n)
	r.seen = make(map[string]bool, n)
	for i := range n {
		at := r.c.pos
		key := r.c.text(r.enc, maxKeyLen)
		if r.c.err != nil {
			return fmt.Errorf("key %d of %d: %w", i, n, r.c.err)
		}
		if key == "" {
			return fmt.Errorf("key %d of %d at offset %d is empty", i, n, at)
		}
		v := r.c.value(r.enc)
		if r.c.err != nil {
			return fmt.Errorf("key %q: %w", key, r.c.err)
		}
		if r.seen[key] {
			return fmt.Errorf("key %q occurs twice", key)
		}
		r.seen[key] = true
		r.kv = append(r.kv, KV{key, v})
	}
	return nil
}

// readSettings takes the alignment and the split.* keys from the metadata.
func (r *headerReader) readSettings() error {
	for _, kv := range r.kv {
		if kv.Key != keyAlignment && kv.Key != keySplitNo && kv.Key != keySplitCount && kv.Key != keySplitTensors {
			continue
		}
		n, ok := kv.Value.Uint()
		if !ok || n > math.MaxInt32 {
			return fmt.Errorf("key %q: %v is not a number between 0 and 2^31", kv.Key, kv.Value)
		}
		switch kv.Key {
		case keyAlignment:
			if bits.OnesCount64(n) != 1 {
				return fmt.Errorf("key %q: %d is not a power of two", kv.Key, n)
			}
			r.alignment = n
		case keySplitNo:
			r.splitNo = n
		case keySplitCount:
			r.splitCount = n
		case keySplitTensors:
			r.splitTensors = int64(n)
		}
	}
	return nil
}

// readTensors reads n tensor infos and checks each one separately.
func (r *headerReader) readTensors(n int) error {
	r.tensors = make([]Tensor, 0, n)
	r.places = make([]extent, 0, n)
	r.seen = make(map[string]bool, n)
	for i := range n {
		name := r.c.text(r.enc, maxNameLen)
		if r.c.err != nil {
			return fmt.Errorf("tensor %d of %d: name: %w", i, n, r.c.err)
		}
		if r.seen[name] {
			return fmt.Errorf("tensor %q occurs twice", name)
		}
		r.seen[name] = true
		if err := r.readTensor(name); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	return nil
}

// readTensor reads the rest of a tensor's info.
func (r *headerReader) readTensor(name string) error {
	nDims := r.c.u32()
	if r.c.err == nil && (nDims < 1 || nDims > maxDims) {
		return fmt.Errorf("%d dimensions, want 1 to %d", nDims, maxDims)
	}
	var ne [maxDims]uint64 // innermost first, as in the file
	for d := range nDims {
		ne[d] = r.c.length(r.enc)
	}
	typ, offset := quant.Type(r.c.u32()), r.c.u64()
	if r.c.err != nil {
		return r.c.err
	}
	if err := checkType(typ); err != nil {
		return err
	}
	size, err := dataBytes(typ, ne[:nDims])
	if err != nil {
		return err
	}
	if offset%r.alignment != 0 {
		return fmt.Errorf("offset %d is not a multiple of the alignment %d", offset, r.alignment)
	}
	t := Tensor{Name: name, Type: typ, Shape: make([]int, nDims), Bytes: int64(size)}
	for d := range nDims {
		t.Shape[nDims-1-d] = int(ne[d]) // only this loop reverses the order
	}
	r.tensors = append(r.tensors, t)
	r.places = append(r.places, extent{offset, size})
	return nil
}

// dataBytes returns how many bytes a tensor's data has. ne are the
// dimensions, the innermost first. If a dimension is 0, the result is
// 0, but the product of the other dimensions must still fit an int.
func dataBytes(typ quant.Type, ne []uint64) (uint64, error) {
	elems, empty := uint64(1), false
	for _, n := range ne {
		empty = empty || n == 0
		hi, lo := bits.Mul64(elems, max(n, 1))
		if hi != 0 || lo > math.MaxInt {
			return 0, fmt.Errorf("dimensions %d: too many elements for this machine (%d bits)", ne, intBits)
		}
		elems = lo
	}
	if ne[0]%uint64(typ.BlockLen()) != 0 {
		return 0, fmt.Errorf("rows of %d elements: type %v needs a multiple of %d", ne[0], typ, typ.BlockLen())
	}
	if empty {
		return 0, nil
	}
	hi, lo := bits.Mul64(elems/uint64(typ.BlockLen()), uint64(typ.BlockBytes()))
	if hi != 0 || lo > math.MaxInt {
		return 0, fmt.Errorf("dimensions %d of %v: too many bytes for this machine (%d bits)", ne, typ, intBits)
	}
	return lo, nil
}

// checkPlaces checks the places of all tensors' data against the file and
// against each other.
func (r *headerReader) checkPlaces() error {
	var order []int // indices of the tensors that are not empty, by place
	for i, e := range r.places {
		if e.bytes > 0 {
			order = append(order, i)
		}
		end := r.start + e.start + e.bytes
		if e.start > uint64(r.size) || end > uint64(r.size) {
			return fmt.Errorf("tensor %q: %d bytes at offset %d of the data, which begins at %d, run %w (%d bytes)",
				r.tensors[i].Name, e.bytes, e.start, r.start, ErrTruncated, r.size)
		}
	}
	sort.Slice(order, func(a, b int) bool { return r.places[order[a]].start < r.places[order[b]].start })
	for k := 1; k < len(order); k++ {
		a, b := order[k-1], order[k]
		if r.places[a].start+r.places[a].bytes > r.places[b].start {
			return fmt.Errorf("tensors %q and %q overlap at offset %d of the data",
				r.tensors[a].Name, r.tensors[b].Name, r.places[b].start)
		}
	}
	return nil
}

// alignUp rounds n up to a multiple of align, a power of two.
func alignUp(n, align uint64) uint64 { return (n + align - 1) &^ (align - 1) }
