package formats

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"alpaca/internal/data"
)

// encoding/csv turns CR LF inside quotes into LF, so a source could not be written back
// unchanged. This reader keeps CR LF.

var errQuote = errors.New("a quote that does not end, or text after a quoted field")

// record reads the next record of a table. It appends the fields to list, and the bytes
// that it read to raw.
func (c *cursor) record(list []string, sep byte, raw []byte) (fields []string, all []byte, err error) {
	var b []byte
	for {
		b = b[:0]
		quoted, closed := false, false
		var end byte
		if first, ok := c.peek(); ok && first == '"' {
			quoted = true
			raw = append(raw, first)
			c.skip()
		}
		for {
			x, ok := c.peek()
			if !ok {
				if quoted && !closed {
					return nil, raw, errors.Join(errQuote, c.err)
				}
				return append(list, string(b)), raw, c.err
			}
			if len(raw) > maxRow {
				return nil, raw, fmt.Errorf("more than %d bytes in a record: a quote may be missing", maxRow)
			}
			if x == '"' && quoted && !closed {
				closed = true
				raw = append(raw, x)
				c.skip()
				continue
			}
			if x == '"' && quoted && closed { // two quotes stand for one
				closed = false
				b = append(b, x)
				raw = append(raw, x)
				c.skip()
				continue
			}
			if !quoted || closed {
				if x == sep || x == '\n' {
					end = x
					break
				}
				if closed && x != '\r' {
					return nil, raw, errQuote
				}
			}
			b = append(b, x)
			raw = append(raw, x)
			c.skip()
		}
		c.skip()
		if end == '\n' && len(b) > 0 && b[len(b)-1] == '\r' && (!quoted || closed) {
			b = b[:len(b)-1]
		}
		raw = append(raw, end)
		list = append(list, string(b))
		if end == '\n' {
			return list, raw, nil
		}
	}
}

// table reads a table. The names in its header are keys of a format.
func (w *walk) table(sep byte) error {
	header, _, err := w.c.record(nil, sep, nil)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	o := &object{}
	for _, name := range header {
		if o.has(name) {
			return fmt.Errorf("line 1: the column %.40q is in the header twice", name)
		}
		o.fields = append(o.fields, field{key: name, value: []byte(`""`)})
	}
	format := formatOf(o.has)
	if format == nil || format.Name == "chat" || format.Name == "sharegpt" || format.Name == "seeds" {
		return fmt.Errorf("line 1: %w", unknown(o))
	}
	w.f.Shape.Keys, w.b.format, w.b.keys = header, format, header
	var fields []string
	for w.c.fill() {
		at := w.c.place()
		fields, w.raw, err = w.c.record(fields[:0], sep, w.raw[:0])
		if w.c.err != nil {
			return w.c.err
		}
		if err != nil {
			w.c.moveTo(at)
			w.c.skipLine()
			line, _, _ := bytes.Cut(w.raw, []byte{'\n'})
			if err := w.bad(at, line, "%s; reading resumes at the next line", err); err != nil {
				return err
			}
			continue
		}
		if len(fields) == 1 && fields[0] == "" && len(header) > 1 {
			continue // an empty line
		}
		if err := w.tableRow(at, fields, o); err != nil {
			return err
		}
	}
	return nil
}

// tableRow adds the row of a record. If that is impossible, it reports the problem.
func (w *walk) tableRow(at place, fields []string, o *object) error {
	if len(fields) != len(o.fields) {
		return w.bad(at, w.raw, "%d fields, but the header has %d", len(fields), len(o.fields))
	}
	if i := badUTF8(w.raw); i >= 0 {
		return w.bad(within(at, w.raw, i), w.raw, "the byte %#x is not UTF-8", w.raw[i])
	}
	for i, text := range fields {
		o.fields[i].value = data.AppendQuoted(nil, text)
	}
	r, exact, err := w.b.row(w.b.format, o)
	if err != nil {
		return w.bad(at, w.raw, "%s", err)
	}
	if !exact {
		r.Raw = appendObject(nil, o.fields)
	}
	return w.add([]*data.Row{r})
}

// AppendRecord appends a record of a table.
func AppendRecord(b []byte, fields []string, sep byte) []byte {
	for i, f := range fields {
		if i > 0 {
			b = append(b, sep)
		}
		if f == "" && len(fields) == 1 || strings.IndexByte(f, sep) >= 0 || strings.ContainsAny(f, "\"\r\n") {
			b = append(append(append(b, '"'), strings.ReplaceAll(f, `"`, `""`)...), '"')
			continue
		}
		b = append(b, f...)
	}
	return append(b, '\n')
}
