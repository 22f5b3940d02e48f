package formats

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// detect sets the container of the file.
func (f *File) detect() error {
	c := newCursor(f.f, f.Size)
	c.moveTo(f.start)
	first, ok := c.space()
	switch ext := strings.ToLower(filepath.Ext(f.Path)); {
	case c.err != nil:
		return c.err
	case !ok:
		return errors.New("is empty")
	case ext == ".csv":
		f.Shape.Container = "csv"
	case ext == ".tsv":
		f.Shape.Container = "tsv"
	case first == '[':
		f.Shape.Container = "json"
	case first == '{':
		return f.detectObject(c)
	default:
		return fmt.Errorf("line %d, offset %d: begins with %q: JSON must begin with [ or {, and the name of a table must end in .csv or .tsv", c.line, c.place().offset, first)
	}
	return nil
}

// detectObject distinguishes JSON lines, JSON values that span lines, and one object that has
// all rows.
func (f *File) detectObject(c *cursor) error {
	begin := c.place()
	f.Shape.Container = "jsonl"
	if _, err := c.value(nil); err == errCut {
		return f.detectWrapper(begin)
	} else if err != nil {
		return c.err
	}
	if c.place().line > begin.line {
		f.Shape.Container = "json values"
	}
	if _, more := c.space(); !more && c.err == nil {
		return f.detectWrapper(begin)
	}
	return c.err
}

// detectWrapper finds the rows of a file that is one object. If the object has the keys of a row,
// it is the only row. Otherwise the rows are the elements of the array with the most readable rows.
// If several arrays have equally many, the one with the most objects is taken. If no array has an
// object, but all values of the file's object are objects, these values are the rows.
func (f *File) detectWrapper(begin place) error {
	c := newCursor(f.f, f.Size)
	c.moveTo(begin)
	c.space() // makes the brace available
	var most counts
	keys, keyed, rows := map[string]bool{}, 0, ""
	err := c.members(func(key string) (err error) {
		keys[key] = true
		switch b, _ := c.peek(); b {
		case '[':
			var n counts
			if n, err = c.count(); n.above(most) {
				most, rows = n, key
			}
			return err
		case '{':
			keyed++
		}
		_, err = c.value(nil)
		return err
	})
	switch isRow := formatOf(func(key string) bool { return keys[key] }) != nil; {
	case isRow || err != nil && err != errCut:
	case most.objects > 0:
		f.Shape.Container, f.Shape.Key = "object", rows
	case err == nil && keyed > 0 && keyed == len(keys):
		f.Shape.Container = "keyed"
	}
	return c.err
}

// members reads the object at the cursor. For every key it calls the function each, with
// the cursor at the key's value. The called function must move the cursor past the value.
func (c *cursor) members(each func(key string) error) error {
	c.skip() // the brace
	for first := true; ; first = false {
		b, ok := c.space()
		switch {
		case !ok:
			return errCut
		case b == '}':
			c.skip()
			return nil
		case b == ',' && !first:
			c.skip()
			b, _ = c.space()
		}
		if b != '"' {
			return fmt.Errorf("%q where a key is expected", b)
		}
		raw, err := c.value([]byte{})
		if err != nil {
			return err
		}
		if !json.Valid(raw) {
			return fmt.Errorf("a key is not valid: %.40q", raw)
		}
		key, _ := unquote(raw)
		if b, _ = c.space(); b != ':' {
			return fmt.Errorf("%q where a colon is expected", b)
		}
		c.skip()
		if _, ok := c.space(); !ok {
			return errCut
		}
		if err := each(key); err != nil {
			return err
		}
	}
}

// counts has the number of readable rows in an array, and the number of objects in it.
type counts struct{ rows, objects int }

func (n counts) above(other counts) bool {
	return n.rows > other.rows || n.rows == other.rows && n.objects > other.objects
}

// count moves past the array at the cursor and counts its rows and objects.
// Only readable rows count, because only they are exported: in an exported
// file, detect must choose the same array as in the original file.
func (c *cursor) count() (n counts, err error) {
	c.skip() // the bracket
	raw := []byte{}
	for {
		b, ok := c.space()
		switch {
		case !ok:
			return n, errCut
		case b == ']':
			c.skip()
			return n, nil
		case b == ',':
			c.skip()
			continue
		case b == '{':
			n.objects++
		}
		before := c.place()
		if raw, err = c.value(raw[:0]); err != nil {
			return n, err
		}
		if b == '{' && valid(raw) == nil {
			if _, err := new(builder).rows(raw); err == nil {
				n.rows++
			}
		}
		if c.place() == before {
			return n, fmt.Errorf("unexpected %q in a list", b)
		}
	}
}
