package formats

import (
	"fmt"
	"io"
)

// maxRow bounds the size of a row in bytes. Training data has no larger rows.
const maxRow = 256 << 20

// block is the number of bytes read from a file at once.
const block = 256 << 10

// cursor reads a file from any place, and counts lines.
type cursor struct {
	f    io.ReaderAt
	end  int64  // the file's length
	buf  []byte // the part of the file that was read last
	base int64  // offset of buf[0]
	at   int    // index in buf of the byte at the cursor
	line int64  // line of the byte at the cursor, from 1
	err  error  // the first error from reading the file
}

func newCursor(f io.ReaderAt, size int64) *cursor { return &cursor{f: f, end: size, line: 1} }

// place is a place in a file.
type place struct{ offset, line int64 }

func (c *cursor) place() place { return place{c.base + int64(c.at), c.line} }

// moveTo moves the cursor to a place.
func (c *cursor) moveTo(p place) {
	if p.offset >= c.base && p.offset <= c.base+int64(len(c.buf)) {
		c.at = int(p.offset - c.base)
	} else {
		c.buf, c.base, c.at = c.buf[:0], p.offset, 0
	}
	c.line = p.line
}

// fill makes the byte at the cursor available. It returns false at the end of the file.
// If the file cannot be read, it sets err and returns false.
func (c *cursor) fill() bool {
	if c.at < len(c.buf) {
		return true
	}
	c.base += int64(len(c.buf))
	c.at = 0
	n := min(block, c.end-c.base)
	if n <= 0 || c.err != nil {
		c.buf = c.buf[:0]
		return false
	}
	if cap(c.buf) < block {
		c.buf = make([]byte, block)
	}
	c.buf = c.buf[:n]
	got, err := c.f.ReadAt(c.buf, c.base)
	c.buf = c.buf[:got]
	if got < int(n) {
		if err == nil || err == io.EOF {
			err = fmt.Errorf("the file became shorter while it was read")
		}
		c.err = err
	}
	return got > 0
}

// peek returns the byte at the cursor.
func (c *cursor) peek() (byte, bool) {
	if !c.fill() {
		return 0, false
	}
	return c.buf[c.at], true
}

// skip moves past the byte at the cursor. Before, peek or fill must have returned true.
func (c *cursor) skip() {
	if c.buf[c.at] == '\n' {
		c.line++
	}
	c.at++
}

// space moves past JSON's white space and returns the byte after it.
func (c *cursor) space() (byte, bool) {
	for {
		b, ok := c.peek()
		if !ok || b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, ok
		}
		c.skip()
	}
}

// value moves past a JSON value. If raw is not nil, it appends the value to raw. It only
// matches brackets and quotes: encoding/json can tell whether the value is valid. After an
// error, the cursor stands where the error is, so the error itself does not name a place.
func (c *cursor) value(raw []byte) ([]byte, error) {
	keep := raw != nil
	depth, quoted, escaped := 0, false, false
	start := c.base + int64(c.at)
	for c.fill() {
		from := c.at
		for c.at < len(c.buf) {
			b := c.buf[c.at]
			switch {
			case escaped:
				escaped = false
			case quoted && b == '\\':
				escaped = true
			case quoted && b == '"':
				quoted = false
				if depth == 0 {
					c.at++
					return c.keep(raw, keep, from), nil
				}
			case quoted && b == '\n':
				return c.keep(raw, keep, from), fmt.Errorf("a string does not end on its line")
			case quoted:
			case b == '"':
				quoted = true
			case b == '{' || b == '[':
				depth++
			case (b == '}' || b == ']' || b == ',' || b == ' ' || b == '\t' || b == '\r' || b == '\n') && depth == 0:
				return c.keep(raw, keep, from), nil // the value was a number or a word
			case b == '}' || b == ']':
				if depth--; depth == 0 {
					c.at++
					return c.keep(raw, keep, from), nil
				}
			case b == '\n':
				c.line++
			}
			c.at++
		}
		raw = c.keep(raw, keep, from)
		if keep && c.base+int64(c.at)-start > maxRow {
			return raw, fmt.Errorf("more than %d bytes in a row", maxRow)
		}
	}
	switch {
	case c.err != nil:
		return raw, c.err
	case depth > 0 || quoted:
		return raw, errCut
	}
	return raw, nil
}

// errCut is the error for a file that ends too early.
var errCut = fmt.Errorf("the file ends in the middle of a value: it was cut, or a bracket or quote is missing")

func (c *cursor) keep(raw []byte, keep bool, from int) []byte {
	if !keep {
		return nil
	}
	return append(raw, c.buf[from:c.at]...)
}

// readLine moves past a line and appends it to raw, without the line feed.
func (c *cursor) readLine(raw []byte) (line []byte, err error) {
	for c.fill() {
		from := c.at
		for c.at < len(c.buf) && c.buf[c.at] != '\n' {
			c.at++
		}
		raw = append(raw, c.buf[from:c.at]...)
		if c.at < len(c.buf) {
			c.skip()
			return raw, nil
		}
		if len(raw) > maxRow {
			return raw, fmt.Errorf("more than %d bytes in a line", maxRow)
		}
	}
	return raw, c.err
}

// skipLine moves to the beginning of the next line.
func (c *cursor) skipLine() {
	for c.fill() {
		b := c.buf[c.at]
		c.skip()
		if b == '\n' {
			return
		}
	}
}
