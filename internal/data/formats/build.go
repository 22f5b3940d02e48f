package formats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"alpaca/internal/data"
)

// Notes count oddities in rows that can still be used.
type Notes struct {
	NotText    int // null, a boolean, a number or an object in place of a text: null becomes "", any other value becomes its JSON text
	DoubleKeys int // objects with a key twice: the last value counts
	HalfPairs  int // texts with half of a surrogate pair, which becomes U+FFFD, or with a NUL byte, which becomes ␀
	OtherForm  int // rows whose format differs from that of the first row
}

// part is the value of Raw for a row that comes from the same object as the row before it.
var part = []byte("+")

// builder turns the objects of one file into rows.
type builder struct {
	format *Format
	keys   []string // the keys of the file's first row
	notes  Notes
}

// rows returns the rows of an object that is valid JSON. This is one row, or for a seed task one
// row for each instance.
func (b *builder) rows(raw []byte) ([]*data.Row, error) {
	o := parseObject(raw)
	format := formatOf(o.has)
	if format == nil {
		return nil, unknown(o)
	}
	if b.format == nil {
		b.format = format
		for _, f := range o.fields {
			b.keys = append(b.keys, f.key)
		}
	}
	r, exact, err := b.row(format, o)
	if err != nil {
		return nil, err
	}
	list := []*data.Row{r}
	if format.Name == "seeds" {
		var same bool
		if list, same, err = instances(r, o.get("instances")); err != nil {
			return nil, err
		}
		exact = exact && same
	}
	if format != b.format {
		b.notes.OtherForm++
		exact = false
	}
	if o.double {
		b.notes.DoubleKeys++
		exact = false
	}
	switch {
	case !exact:
		r.Raw = bytes.Clone(bytes.TrimSpace(raw))
	case !sameKeys(o.fields, b.keys):
		r.Raw = keyList(o.fields)
	}
	return list, nil
}

// row returns the row of an object. The second result is false if the object cannot be
// rebuilt from the row's fields.
func (b *builder) row(format *Format, o *object) (*data.Row, bool, error) {
	r := &data.Row{}
	exact := true
	var extra []field
	// Store the prompt first, because the answer's slot looks for a repetition of the prompt.
	fields := o.fields
	if i := slices.IndexFunc(fields, func(f field) bool { return f.key == "prompt" }); i > 0 {
		fields = append([]field{fields[i]}, slices.Delete(slices.Clone(fields), i, i+1)...)
	}
	for _, f := range fields {
		s := format.slot(f.key)
		if s == nil {
			if format.Name != "seeds" || f.key != "instances" {
				extra = append(extra, field{f.key, compact(f.value)})
			}
			continue
		}
		same, err := s.set(r, f.value)
		if err != nil {
			return nil, false, err
		}
		if !same {
			exact = false
			b.note(f.value)
		}
	}
	if format.Name == "preference" && !o.has("prompt") && len(r.Turns) == 0 {
		r.Instruction, r.Output = splitCommon(r.Output, o.get("rejected"))
		exact = false
	}
	if extra != nil {
		r.Extra = appendObject(nil, lastOfEach(extra))
	}
	return r, exact, nil
}

// note counts a value that could not be kept unchanged. v is its JSON.
func (b *builder) note(v json.RawMessage) {
	if isString(v) {
		b.notes.HalfPairs++
	} else if v[0] != '[' {
		b.notes.NotText++
	}
}

// lastOfEach returns the last field of each key.
func lastOfEach(list []field) []field {
	out := list[:0:0]
	for i, f := range list {
		if !slices.ContainsFunc(list[i+1:], func(later field) bool { return later.key == f.key }) {
			out = append(out, f)
		}
	}
	return out
}

// splitCommon splits a chosen answer that contains its prompt. The prompt is the common
// prefix of the chosen and the rejected answer, up to the last space in that prefix.
func splitCommon(chosen string, rejected json.RawMessage) (prompt, answer string) {
	other, _ := textOf(rejected)
	n := 0
	for n < len(chosen) && n < len(other) && chosen[n] == other[n] {
		n++
	}
	n = strings.LastIndexFunc(chosen[:n], unicode.IsSpace)
	if n < 0 {
		return "", chosen
	}
	return chosen[:n], strings.TrimLeftFunc(chosen[n:], unicode.IsSpace)
}

// sameKeys reports whether an object has exactly the given keys, in this order.
func sameKeys(fields []field, keys []string) bool {
	return slices.EqualFunc(fields, keys, func(f field, key string) bool { return f.key == key })
}

// keyList returns the keys of an object as a JSON array.
func keyList(fields []field) []byte {
	b := []byte{'['}
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = data.AppendQuoted(b, f.key)
	}
	return append(b, ']')
}

// instances returns the rows of a self-instruct task, one per instance.
// Every row except the first is marked as a part of the first row's object.
func instances(task *data.Row, v json.RawMessage) (rows []*data.Row, exact bool, err error) {
	if v[0] != '[' {
		return nil, false, fmt.Errorf("instances: is not a list")
	}
	exact = true
	for i, item := range parseList(v) {
		if item[0] != '{' {
			return nil, false, fmt.Errorf("instances: number %d is not an object", i+1)
		}
		o := parseObject(item)
		r := *task
		if i == 0 {
			rows = append(rows, task)
		} else {
			r.Raw, r.Extra = part, nil
			rows = append(rows, &r)
		}
		var in, out bool
		last := rows[i]
		last.Input, in = textOf(or(o.get("input"), `""`))
		last.Output, out = textOf(or(o.get("output"), `""`))
		exact = exact && in && out && sameKeys(o.fields, []string{"input", "output"})
	}
	if len(rows) == 0 {
		return nil, false, fmt.Errorf("instances: is an empty list")
	}
	return rows, exact, nil
}

// or returns v. If v is nil, it returns other.
func or(v json.RawMessage, other string) json.RawMessage {
	if v == nil {
		return json.RawMessage(other)
	}
	return v
}

// keysOf returns the keys of a row's object. They are the
// list in Raw or, if Raw has no list, the parameter usual.
func keysOf(r *data.Row, usual []string) (keys []string) {
	if len(r.Raw) > 0 && r.Raw[0] == '[' && json.Unmarshal(r.Raw, &keys) == nil {
		return keys
	}
	return usual
}

// object returns the row as an object of the format, with the given keys, on one line.
// parts are the further rows of the same object.
func (f *Format) object(r *data.Row, parts []*data.Row, keys []string) []byte {
	if len(r.Raw) > 0 && r.Raw[0] == '{' {
		return compact(r.Raw)
	}
	var extra *object
	if r.Extra != nil {
		extra = parseObject(r.Extra)
	}
	var fields []field
	for _, key := range keysOf(r, keys) {
		switch s := f.slot(key); {
		case s != nil:
			fields = append(fields, field{key, s.get(r)})
		case f.Name == "seeds" && key == "instances":
			fields = append(fields, field{key, instanceList(append([]*data.Row{r}, parts...))})
		case extra != nil && extra.has(key):
			fields = append(fields, field{key, extra.get(key)})
		}
	}
	return appendObject(nil, fields)
}

// instanceList returns the instances of a task as a JSON array.
func instanceList(rows []*data.Row) json.RawMessage {
	b := []byte{'['}
	for i, r := range rows {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendObject(b, []field{{"input", data.AppendQuoted(nil, r.Input)}, {"output", data.AppendQuoted(nil, r.Output)}})
	}
	return append(b, ']')
}
