package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"alpaca/internal/data"
)

// maxRaw bounds how many bytes are kept of a row that cannot be read.
const maxRaw = 1 << 20

// walk reads the rows of a file.
type walk struct {
	c   *cursor
	f   *File
	to  Reader
	b   builder
	pos int64
	raw []byte // the current row's JSON; the next row reuses the memory
}

// bad reports a problem.
func (w *walk) bad(at place, raw []byte, format string, args ...any) error {
	return w.to.Bad(Problem{Line: at.line, Offset: at.offset, Err: fmt.Sprintf(format, args...), Raw: bytes.Clone(raw[:min(len(raw), maxRaw)])})
}

// row adds the rows of the value raw, which is at the
// given place. If that is impossible, it reports the problem.
func (w *walk) row(at place, raw []byte) error { return w.keyedRow(at, raw, "") }

// keyedRow adds the rows of the value raw. If that is impossible, it
// reports the problem. If the file is an object of objects, key is the
// value's key in the file. The row keeps this key in the field _key.
func (w *walk) keyedRow(at place, raw []byte, key string) error {
	if err := valid(raw); err != nil {
		p := within(at, raw, err.at)
		return w.bad(p, raw, "%s", err.what)
	}
	if raw[0] != '{' {
		return w.bad(at, raw, "a row must be an object, not %.40q", raw)
	}
	if w.f.Shape.Container == "keyed" {
		raw = withKey(raw, key)
	}
	rows, err := w.b.rows(raw)
	if err != nil {
		return w.bad(at, raw, "%s", err)
	}
	return w.add(rows)
}

func (w *walk) add(rows []*data.Row) error {
	for _, r := range rows {
		w.pos++
		r.Pos = w.pos
		if err := w.to.Row(r); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is the key under which a row of an object of objects keeps its own key.
const keyOf = "_key"

// withKey adds the field _key to an object.
func withKey(raw []byte, key string) []byte {
	o := parseObject(raw)
	return appendObject(nil, append([]field{{keyOf, data.AppendQuoted(nil, key)}}, o.fields...))
}

// invalid says what is wrong with a value, and at which byte of it.
type invalid struct {
	at   int
	what string
}

// valid returns what is wrong with a value, or nil if the value is valid JSON in UTF-8.
func valid(raw []byte) *invalid {
	if !json.Valid(raw) {
		err := json.Unmarshal(raw, new(json.RawMessage))
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			at := e.Offset - 1 // Offset is the number of bytes up to and including the wrong one
			if strings.Contains(e.Error(), "unexpected end") {
				at++
			}
			return &invalid{int(max(0, at)), "broken JSON: " + e.Error()}
		}
		return &invalid{0, "broken JSON"}
	}
	if i := badUTF8(raw); i >= 0 {
		return &invalid{i, fmt.Sprintf("the byte %#x is not UTF-8", raw[i])}
	}
	return nil
}

// badUTF8 returns the index of the first byte that is not UTF-8, or -1 if there is none.
func badUTF8(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	for i := 0; ; {
		r, n := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

// within returns the place of byte i of the value raw, which is at the given place.
func within(at place, raw []byte, i int) place {
	i = min(i, len(raw))
	return place{at.offset + int64(i), at.line + int64(bytes.Count(raw[:i], []byte{'\n'}))}
}

// top reads the rows of a file that is one array.
func (w *walk) top() error {
	w.c.space()
	if err := w.array(); err != nil {
		return err
	}
	return w.nothingFollows("the array")
}

func (w *walk) nothingFollows(what string) error {
	if _, more := w.c.space(); more {
		return w.bad(w.c.place(), w.rest(), "something follows %s: all of it is left out", what)
	}
	return nil
}

// rest returns up to 4096 bytes of the unread part of the file.
func (w *walk) rest() []byte {
	w.c.fill()
	return w.c.buf[w.c.at:min(len(w.c.buf), w.c.at+4096)]
}

// array reads the rows of the array at the cursor. After a broken row it
// resumes at the next line that has a brace after the first row's indentation.
func (w *walk) array() error {
	c := w.c
	c.skip() // the bracket
	indent := -1
	comma := true // a row may follow
	for {
		b, ok := c.space()
		at := c.place()
		switch {
		case c.err != nil:
			return c.err
		case !ok:
			return w.bad(at, nil, "the file ends in the middle of the array: it was cut")
		case b == ']':
			c.skip()
			if comma && w.pos > 0 {
				return w.bad(at, nil, "a comma without a row after it")
			}
			return nil
		case b == ',':
			if comma {
				if err := w.bad(at, nil, "a comma without a row before it"); err != nil {
					return err
				}
			}
			comma = true
			c.skip()
			continue
		case !comma:
			if err := w.bad(at, nil, "the comma between two rows is missing"); err != nil {
				return err
			}
		}
		if indent < 0 {
			indent = w.indentOf(at)
		}
		var err error
		if w.raw, err = c.value(w.raw[:0]); c.err != nil {
			return c.err
		} else if err != nil {
			if more, err := w.resync(at, err, indent); err != nil || !more {
				return err
			}
			comma = true
			continue
		}
		if c.place() == at { // an unmatched bracket
			w.raw = append(w.raw[:0], b)
			c.skip()
		}
		if err := w.row(at, w.raw); err != nil {
			return err
		}
		comma = false
	}
}

// indentOf returns the number of bytes between the beginning of the line
// and a place. If they are not all white space, or too many, it returns -1.
func (w *walk) indentOf(at place) int {
	const most = 256
	n := int(min(at.offset, most))
	line := make([]byte, n)
	if _, err := w.f.f.ReadAt(line, at.offset-int64(n)); err != nil {
		return -1
	}
	i := bytes.LastIndexByte(line, '\n')
	if i < 0 || len(bytes.Trim(line[i+1:], " \t")) > 0 {
		return -1
	}
	return n - i - 1
}

// resync reports a row whose end was not found. It moves to the next line that has a
// brace after indent bytes of white space. more is false if there is no such line.
func (w *walk) resync(at place, why error, indent int) (more bool, err error) {
	c := w.c
	found := c.place()
	c.moveTo(at)
	var line []byte
	skipped := []byte{}
	for indent >= 0 {
		begin := c.place()
		if line, err = c.readLine(line[:0]); err != nil {
			return false, err
		}
		text := bytes.TrimLeft(line, " \t")
		if begin.offset > at.offset && len(text) > 0 && text[0] == '{' && len(line)-len(text) == indent {
			c.moveTo(begin)
			return true, w.bad(found, skipped, "%s; reading resumes at line %d", why, begin.line)
		}
		if len(skipped) < maxRaw {
			skipped = append(append(skipped, line...), '\n')
		}
		if c.place() == begin {
			break // the end of the file
		}
	}
	if indent < 0 {
		skipped = w.raw
		for c.fill() {
			c.skipLine()
		}
	}
	return false, w.bad(found, skipped, "%s; no row was found after it", why)
}
