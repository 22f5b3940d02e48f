// Package config reads config.json and params.json: the architecture of a checkpoint, the sizes of
// each layer, and the metadata for a GGUF file. A key that a file lacks has the default value of
// the model's class in the transformers library.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// maxFile bounds the size of a JSON file in bytes.
const maxFile = 16 << 20

// Object is a JSON object whose values are read by key. It keeps the first error
// about a value of the wrong type, so callers need to check Err only once.
type Object struct {
	Name   string // name of the file, for messages
	fields map[string]any
	err    *error
}

// ReadFile reads the JSON object in a file. If the file does not exist, it returns an
// empty object and an error that wraps fs.ErrNotExist.
func ReadFile(path string) (Object, error) {
	raw, err := readSmall(path, maxFile)
	if err != nil {
		return Parse(nil, filepath.Base(path)), err
	}
	o := Parse(raw, filepath.Base(path))
	return o, o.Err()
}

// readSmall reads a regular file. It returns an error if the file has more than limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > limit {
		return nil, fmt.Errorf("%s: is not a regular file of at most %d bytes", path, limit)
	}
	return os.ReadFile(path)
}

// Parse parses a JSON object. Python's NaN and Infinity, which JSON lacks, become null.
func Parse(raw []byte, name string) Object {
	o := Object{Name: name, fields: map[string]any{}, err: new(error)}
	if len(raw) == 0 {
		return o
	}
	d := json.NewDecoder(bytes.NewReader(pythonNumbers(raw)))
	d.UseNumber()
	var top any
	err := d.Decode(&top)
	if _, more := d.Token(); err == nil && more != io.EOF {
		err = errors.New("something follows the object")
	}
	fields, ok := top.(map[string]any)
	if err == nil && !ok {
		err = errors.New("is not an object")
	}
	if err != nil {
		*o.err = fmt.Errorf("%s: %w", name, err)
		return o
	}
	o.fields = fields
	return o
}

// Err returns the first error. The zero Object is empty and has no error.
func (o Object) Err() error {
	if o.err == nil {
		return nil
	}
	return *o.err
}

// Fail sets the error, unless there is one already.
func (o Object) Fail(format string, args ...any) {
	if *o.err == nil {
		*o.err = fmt.Errorf("%s: %w", o.Name, fmt.Errorf(format, args...))
	}
}

// Has reports whether a key is there and not null.
func (o Object) Has(key string) bool { return o.fields[key] != nil }

// First returns the first of keys for which Has is true, or "" if there is none.
func (o Object) First(keys ...string) string {
	for _, k := range keys {
		if o.Has(k) {
			return k
		}
	}
	return ""
}

// With returns o extended by the keys of the objects in others. If several objects
// have a key, the value in the last of these objects counts, even if it is null.
func (o Object) With(others ...Object) Object {
	all := make(map[string]any, len(o.fields))
	for _, x := range append([]Object{o}, others...) {
		for k, v := range x.fields {
			all[k] = v
		}
	}
	o.fields = all
	return o
}

// wrong sets the error for a value of the wrong type.
func (o Object) wrong(key, want string) {
	o.Fail("%s is %.80s, want %s", key, fmt.Sprint(o.fields[key]), want)
}

// Int returns a non-negative integer, or def if the object lacks the key.
func (o Object) Int(key string, def int) int {
	if !o.Has(key) {
		return def
	}
	x, ok := o.fields[key].(json.Number)
	f, err := x.Float64()
	if !ok || err != nil || f != math.Trunc(f) || f < 0 || f > 1<<40 {
		o.wrong(key, "a whole number")
		return def
	}
	return int(f)
}

// Float returns a number, or def if the object lacks the key.
func (o Object) Float(key string, def float64) float64 {
	if !o.Has(key) {
		return def
	}
	x, ok := o.fields[key].(json.Number)
	f, err := x.Float64()
	if !ok || err != nil {
		o.wrong(key, "a number")
		return def
	}
	return f
}

// Bool returns a boolean, or def if the object lacks the key.
func (o Object) Bool(key string, def bool) bool {
	if !o.Has(key) {
		return def
	}
	b, ok := o.fields[key].(bool)
	if !ok {
		o.wrong(key, "true or false")
		return def
	}
	return b
}

// Text returns a string, or "" if the object lacks the key.
func (o Object) Text(key string) string {
	if !o.Has(key) {
		return ""
	}
	s, ok := o.fields[key].(string)
	if !ok {
		o.wrong(key, "text")
	}
	return s
}

// Sub returns an object, which is empty if o lacks the key.
func (o Object) Sub(key string) Object {
	x := Object{Name: o.Name, fields: map[string]any{}, err: o.err}
	if !o.Has(key) {
		return x
	}
	fields, ok := o.fields[key].(map[string]any)
	if !ok {
		o.wrong(key, "an object")
		return x
	}
	x.fields = fields
	return x
}

// Objects returns a list of objects.
func (o Object) Objects(key string) (list []Object) {
	for _, v := range o.list(key) {
		fields, ok := v.(map[string]any)
		if !ok {
			o.wrong(key, "a list of objects")
			return nil
		}
		list = append(list, Object{Name: o.Name, fields: fields, err: o.err})
	}
	return list
}

// Texts returns a list of strings.
func (o Object) Texts(key string) (list []string) {
	for _, v := range o.list(key) {
		s, ok := v.(string)
		if !ok {
			o.wrong(key, "a list of texts")
			return nil
		}
		list = append(list, s)
	}
	return list
}

// Floats returns a list of numbers.
func (o Object) Floats(key string) (list []float64) {
	for _, v := range o.list(key) {
		x, ok := v.(json.Number)
		f, err := x.Float64()
		if !ok || err != nil {
			o.wrong(key, "a list of numbers")
			return nil
		}
		list = append(list, f)
	}
	return list
}

// IsText reports whether the value is a string.
func (o Object) IsText(key string) bool { _, ok := o.fields[key].(string); return ok }

// IsList reports whether the value is a list.
func (o Object) IsList(key string) bool { _, ok := o.fields[key].([]any); return ok }

// IsNumber reports whether the value is a number.
func (o Object) IsNumber(key string) bool { _, ok := o.fields[key].(json.Number); return ok }

// IsObject reports whether the value is an object.
func (o Object) IsObject(key string) bool { _, ok := o.fields[key].(map[string]any); return ok }

// IsBool reports whether the value is true or false.
func (o Object) IsBool(key string) bool { _, ok := o.fields[key].(bool); return ok }

// Keys returns the keys in arbitrary order.
func (o Object) Keys() []string {
	list := make([]string, 0, len(o.fields))
	for k := range o.fields {
		list = append(list, k)
	}
	return list
}

func (o Object) list(key string) []any {
	if !o.Has(key) {
		return nil
	}
	list, ok := o.fields[key].([]any)
	if !ok {
		o.wrong(key, "a list")
	}
	return list
}

// numbers returns an object with the given values. It has the name and the error of o.
func numbers(o Object, values map[string]float64) Object {
	x := Object{Name: o.Name, err: o.err, fields: map[string]any{}}
	for k, v := range values {
		x.fields[k] = json.Number(strconv.FormatFloat(v, 'g', -1, 64))
	}
	return x
}
