package formats

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"

	"alpaca/internal/data"
)

// Writer writes rows.
type Writer struct {
	form    Form
	sources map[int64]*origin
	w       *bufio.Writer
	first   *data.Row   // the current row; further rows of the same object may follow
	parts   []*data.Row // further rows of the same object
	n       int
	line    []byte
	// Unfit counts rows that the format cannot express: rows
	// without a rejected answer, if the format is "preference".
	Unfit int
}

// origin is the format of a row's source, with the usual keys of its objects.
type origin struct {
	format *Format
	keys   []string
}

// NewWriter returns a writer for rows of the given sources. columns are the columns of a
// table, from Columns; a table in its original form ignores them.
func NewWriter(w io.Writer, form Form, sources []*data.Source, columns []string) *Writer {
	out := &Writer{form: form, w: bufio.NewWriterSize(w, 1<<16), sources: map[int64]*origin{}}
	for _, s := range sources {
		o := &origin{format: ByName(s.Format)}
		var shape Shape
		if json.Unmarshal([]byte(s.Shape), &shape) == nil {
			o.keys = shape.Keys
		}
		out.sources[s.ID] = o
	}
	if !form.original {
		out.form.Shape.Keys = columns
	}
	out.begin()
	return out
}

// Columns returns two functions. The function see must be called once with each row. Then the
// function columns returns the columns that a table of these rows needs.
func Columns() (see func(*data.Row), columns func() []string) {
	seen := map[string]bool{}
	optional := []string{"system", "category", "turns", "extra"}
	return func(r *data.Row) {
			for i, used := range []bool{r.System != "", r.Category != "", len(r.Turns) > 0, r.Extra != nil} {
				if used {
					seen[optional[i]] = true
				}
			}
		}, func() []string {
			list := []string{"instruction", "input", "output"}
			for _, name := range optional {
				if seen[name] {
					list = append(list, name)
				}
			}
			return list
		}
}

func (w *Writer) begin() {
	switch sep := w.form.table(); {
	case sep != 0:
		w.w.Write(AppendRecord(nil, w.form.Shape.Keys, sep))
	case w.form.Shape.Container == "json":
		w.w.WriteString("[")
	case w.form.Shape.Container == "object":
		w.w.WriteString("{")
		for _, p := range w.form.Shape.Before {
			w.w.Write(data.AppendQuoted(nil, p.Key))
			w.w.WriteString(": " + string(p.Value) + ",\n")
		}
		w.w.Write(data.AppendQuoted(nil, w.form.Shape.Key))
		w.w.WriteString(": [")
	case w.form.Shape.Container == "keyed":
		w.w.WriteString("{")
	}
}

// Row writes a row.
func (w *Writer) Row(r *data.Row) error {
	if string(r.Raw) == string(part) && w.first != nil && w.form.Format.Name == "seeds" {
		c := *r
		w.parts = append(w.parts, &c)
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	c := *r
	w.first, w.parts = &c, nil
	return nil
}

// flush writes the current row and the further rows of its object.
func (w *Writer) flush() error {
	r := w.first
	if r == nil {
		return nil
	}
	w.first = nil
	sep := w.form.table()
	if sep != 0 {
		w.line = AppendRecord(w.line[:0], w.record(r), sep)
		_, err := w.w.Write(w.line)
		return err
	}
	raw := w.object(r)
	if raw == nil {
		w.Unfit++
		return nil
	}
	return w.value(raw)
}

// value writes an object in the style of the container.
func (w *Writer) value(raw []byte) error {
	lead, end := "\n", ""
	if w.n++; w.n > 1 {
		lead = ",\n"
	}
	switch w.form.Shape.Container {
	case "jsonl":
		lead, end = "", "\n"
	case "keyed":
		o := parseObject(raw)
		lead += string(o.get(keyOf)) + ": "
		raw = appendObject(nil, slices.DeleteFunc(o.fields, func(f field) bool { return f.key == keyOf }))
	}
	w.w.WriteString(lead)
	w.w.Write(raw)
	_, err := w.w.WriteString(end)
	return err
}

// object returns the row as an object, or nil if the format cannot express the row.
func (w *Writer) object(r *data.Row) []byte {
	from := w.sources[r.SourceID]
	if from != nil && from.format == w.form.Format && len(from.keys) > 0 && w.fits(r) {
		return w.form.Format.object(r, w.parts, from.keys)
	}
	return w.form.Format.canonical(r)
}

// fits reports whether the row's Raw, if there is one, suits the form. A Raw that
// is an object must have the form's format. In the original form, every Raw suits.
func (w *Writer) fits(r *data.Row) bool {
	if w.form.original || len(r.Raw) == 0 || r.Raw[0] != '{' {
		return true
	}
	return formatOf(parseObject(r.Raw).has) == w.form.Format
}

// record returns the fields of a row in a table.
func (w *Writer) record(r *data.Row) []string {
	var o *object
	if w.form.original {
		o = parseObject(w.form.Format.object(r, nil, w.form.Shape.Keys))
	}
	list := make([]string, 0, 8)
	for _, key := range w.form.Shape.Keys {
		if o != nil {
			text := ""
			if v := o.get(key); v != nil {
				text, _ = unquoteValue(v)
			}
			list = append(list, text)
			continue
		}
		switch key {
		case "turns":
			text := ""
			if len(r.Turns) > 0 {
				text = string(openAI.write(r.Turns))
			}
			list = append(list, text)
		case "extra":
			list = append(list, string(r.Extra))
		default:
			list = append(list, *w.column(key)(r))
		}
	}
	return list
}

// column returns a function that returns a row's text for a column.
func (w *Writer) column(key string) func(*data.Row) *string {
	return map[string]func(*data.Row) *string{"instruction": instruction, "input": input, "output": output, "system": system, "category": category}[key]
}

// unquoteValue returns the text of a string, or any other value as JSON.
func unquoteValue(v json.RawMessage) (string, bool) {
	if isString(v) {
		return unquote(v)
	}
	return string(v), false
}

// Close writes the last row and the end of the container.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	switch w.form.Shape.Container {
	case "json":
		w.w.WriteString("\n]\n")
	case "keyed":
		w.w.WriteString("\n}\n")
	case "object":
		w.w.WriteString("\n]")
		for _, p := range w.form.Shape.After {
			w.w.WriteString(",\n")
			w.w.Write(data.AppendQuoted(nil, p.Key))
			w.w.WriteString(": " + string(p.Value))
		}
		w.w.WriteString("}\n")
	}
	return w.w.Flush()
}
