package formats

import (
	"bytes"
	"errors"
)

// lines reads JSON lines: an object per line.
func (w *walk) lines() error {
	for w.c.fill() {
		at := w.c.place()
		line, err := w.c.readLine(w.raw[:0])
		if w.raw = line; err != nil {
			if w.c.err != nil {
				return w.c.err
			}
			if err := w.bad(at, line, "%s", err); err != nil {
				return err
			}
			w.c.skipLine()
			continue
		}
		text := bytes.Trim(line, " \t\r")
		if len(text) == 0 {
			continue
		}
		if err := w.row(within(at, line, bytes.IndexByte(line, text[0])), text); err != nil {
			return err
		}
	}
	return nil
}

// values reads objects one after the other. An object may span lines.
func (w *walk) values() error {
	for {
		b, ok := w.c.space()
		if !ok {
			return w.c.err
		}
		at := w.c.place()
		var err error
		if w.raw, err = w.c.value(w.raw[:0]); err != nil {
			if w.c.err != nil {
				return w.c.err
			}
			if more, err := w.resync(at, err, w.indentOf(at)); err != nil || !more {
				return err
			}
			continue
		}
		if w.c.place() == at {
			w.raw = append(w.raw[:0], b)
			w.c.skip()
		}
		if err := w.row(at, w.raw); err != nil {
			return err
		}
	}
}

// An object that wraps the array of rows can have other values, too. They are kept
// so that the object can be written back. maxAside limits their total size in bytes.
const maxAside = 1 << 20

// wrapped reads the rows in the array under one key of an object.
func (w *walk) wrapped() error {
	w.c.space()
	kept, inside := 0, false
	err := w.c.members(func(key string) error {
		if b, _ := w.c.peek(); b == '[' && key == w.f.Shape.Key && !inside {
			inside = true
			return w.array()
		}
		at := w.c.place()
		raw, err := w.c.value([]byte{})
		if err != nil {
			return err
		}
		if bad := valid(raw); bad != nil {
			return w.bad(within(at, raw, bad.at), raw, "%s", bad.what)
		}
		if kept += len(raw); kept > maxAside {
			return w.bad(at, nil, "the key %.40q is left out: with this key, the values outside of the rows have more than %d bytes", key, maxAside)
		}
		list := &w.f.Shape.Before
		if inside {
			list = &w.f.Shape.After
		}
		*list = append(*list, Pair{key, compact(raw)})
		return nil
	})
	return w.objectEnd(err)
}

// objectEnd reports what is wrong with the object that holds the rows, or
// that something follows the object. err is the result of reading the object.
func (w *walk) objectEnd(err error) error {
	if err == nil {
		return w.nothingFollows("the object")
	}
	if _, ok := errors.AsType[Problem](err); ok || w.c.err != nil {
		return err
	}
	return w.bad(w.c.place(), w.rest(), "%s", err)
}

// keyed reads the rows of an object of objects.
func (w *walk) keyed() error {
	w.c.space()
	return w.objectEnd(w.c.members(func(key string) error {
		at := w.c.place()
		var err error
		if w.raw, err = w.c.value(w.raw[:0]); err != nil {
			return err
		}
		return w.keyedRow(at, w.raw, key)
	}))
}
