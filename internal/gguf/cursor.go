package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrTruncated is wrapped by errors about truncated files.
var ErrTruncated = errors.New("past the end of the file")

// errShort is wrapped by errors about a header of which only a part
// has been read so far. The caller must read more of the file.
var errShort = errors.New("not read yet")

// cursor reads little-endian fields of b one after the other. After the first
// error all reads return zeros. So callers may check the error once for a
// group of fields. But they must check it before they use a length or a count.
type cursor struct {
	b    []byte
	pos  int   // index in b of the next byte
	base int64 // offset of b's first byte in the file
	deep int   // how many arrays inside other arrays were found so far
	size int64 // size of the file, for messages; at least len(b)
	err  error
}

// fail keeps the first error.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// offset returns the place of the next byte in the file.
func (c *cursor) offset() int64 { return c.base + int64(c.pos) }

// left returns how many bytes remain.
func (c *cursor) left() uint64 { return uint64(len(c.b) - c.pos) }

// over records the error that fewer than n bytes remain.
func (c *cursor) over(n uint64) {
	switch {
	case n > uint64(c.size-c.offset()):
		c.fail("%d bytes at offset %d run %w (%d bytes)", n, c.offset(), ErrTruncated, c.size)
	case len(c.b) == maxHeader:
		c.fail("the header is longer than %d MB", maxHeader>>20)
	default:
		c.fail("%d bytes at offset %d: %w", n, c.offset(), errShort)
	}
}

// bytes returns the next n bytes without copying them, or nil if fewer remain.
func (c *cursor) bytes(n uint64) []byte {
	if c.err != nil {
		return nil
	}
	if n > c.left() {
		c.over(n)
		return nil
	}
	p := c.b[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return p
}

func (c *cursor) u32() uint32 {
	if p := c.bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if p := c.bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (c *cursor) i32() int32   { return int32(c.u32()) }
func (c *cursor) f32() float32 { return math.Float32frombits(c.u32()) }

// length reads a count, or the length of a string.
func (c *cursor) length(e encoding) uint64 {
	if e.short {
		return uint64(c.u32())
	}
	return c.u64()
}

// text reads a key or a name. limit is the limit of its length in bytes.
func (c *cursor) text(e encoding, limit uint64) string {
	n := c.length(e)
	if n > limit+1 { // old versions may add a NUL
		c.fail("%d bytes at offset %d, at most %d are allowed", n, c.pos, limit)
	}
	return string(e.text(c.bytes(n)))
}

// value reads a kind and a value of that kind.
func (c *cursor) value(e encoding) Value {
	kind := Kind(c.u32())
	if c.err != nil {
		return Value{}
	}
	v := Value{Kind: kind, n: 1, enc: e}
	switch {
	case kind == KindString:
		v.raw = e.text(c.bytes(c.length(e)))
	case kind == KindArray:
		v = c.array(e, 0)
	case kind.size() > 0:
		v.raw = c.bytes(uint64(kind.size()))
	default:
		c.fail("%v at offset %d: the known types are 0 to %d", kind, c.pos-4, len(kinds)-1)
	}
	return v
}

// array reads an array. depth is the number of arrays around it.
func (c *cursor) array(e encoding, depth int) Value {
	elem, count := Kind(c.u32()), c.length(e)
	v := Value{Kind: KindArray, Elem: elem, enc: e}
	if c.err != nil {
		return v
	}
	minSize := uint64(elem.size())
	switch {
	case elem == KindString:
		minSize = uint64(e.lengthSize())
	case elem == KindArray:
		minSize = uint64(4 + e.lengthSize())
	case minSize == 0:
		c.fail("array of %v: the known types are 0 to %d", elem, len(kinds)-1)
		return v
	}
	switch {
	case depth == maxNesting:
		c.fail("arrays nested more than %d deep", maxNesting)
	case count > (uint64(c.size)-uint64(c.pos))/minSize:
		c.fail("array of %d %v at offset %d runs %w (%d bytes)", count, elem, c.pos, ErrTruncated, c.size)
	case count > maxArray:
		c.fail("array of %d %v, at most %d are read", count, elem, maxArray)
	}
	if c.err != nil {
		return v
	}
	v.n = int(count)
	start := c.pos
	switch elem {
	case KindString:
		for i := 0; i < v.n && c.err == nil; i++ {
			c.bytes(c.length(e))
		}
	case KindArray:
		if c.deep += v.n; c.deep > maxNested {
			c.fail("more than %d arrays in arrays", maxNested)
		}
		for i := 0; i < v.n && c.err == nil; i++ {
			c.array(e, depth+1)
		}
	default:
		c.bytes(count * minSize)
	}
	v.raw = c.b[start:c.pos:c.pos]
	return v
}
