package formats

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"alpaca/internal/data"
)

// Form is how rows are written.
type Form struct {
	Format   *Format
	Shape    Shape // Container and, for what came from a file, the rest
	original bool  // as the file of a source had them
}

// Forms are the names that FormOf knows, with a line for each.
var Forms = []struct{ Name, About string }{
	{"alpaca", "an array of instruction, input, output"},
	{"jsonl", "the same, an object a line"},
	{"chat", "messages, an object a line"},
	{"sharegpt", "an array of conversations"},
	{"completion", "prompt and completion, an object a line"},
	{"preference", "prompt, chosen and rejected, an object a line"},
	{"dolly", "instruction, context, response, category, an object a line"},
	{"gpteacher", "an array of instruction, input, response"},
	{"seeds", "tasks with instances, an object a line"},
	{"csv", "a table with a header"},
	{"tsv", "the same with tabs"},
}

// FormOf returns the form of a name of Forms.
func FormOf(name string) (Form, error) {
	container := "jsonl"
	switch name {
	case "jsonl":
		name = "alpaca"
	case "csv", "tsv":
		container, name = name, "alpaca"
	case "alpaca", "sharegpt", "gpteacher":
		container = "json"
	}
	f := ByName(name)
	if f == nil {
		return Form{}, fmt.Errorf("no format %q", name)
	}
	return Form{Format: f, Shape: Shape{Container: container}}, nil
}

// Original returns the form in which a source came.
func Original(s *data.Source) (Form, error) {
	f := Form{Format: ByName(s.Format), original: true}
	if f.Format == nil {
		return f, fmt.Errorf("source %s: no format %q", s.Name, s.Format)
	}
	if err := json.Unmarshal([]byte(s.Shape), &f.Shape); err != nil {
		return f, fmt.Errorf("source %s: its shape is not JSON: %w", s.Name, err)
	}
	if f.Shape.Container == "" { // rows that came from no file
		other, err := FormOf(s.Format)
		f.Shape, f.original = other.Shape, false
		return f, err
	}
	return f, nil
}

// table returns the separator of a form that is a table, 0 if it is none.
func (f *Form) table() byte {
	switch f.Shape.Container {
	case "csv":
		return ','
	case "tsv":
		return '\t'
	}
	return 0
}

// Tabular reports whether a form is a table.
func (f *Form) Tabular() bool { return f.table() != 0 }

// Writer writes rows.
type Writer struct {
	form    Form
	sources map[int64]*origin
	w       *bufio.Writer
	first   *data.Row   // whose parts may follow
	parts   []*data.Row // of first
	n       int
	line    []byte
	// Unfit counts rows that the format cannot say: preference pairs without a rejected answer.
	Unfit int
}

// origin is what is known of a row's source.
type origin struct {
	format *Format
	keys   []string
}

// NewWriter returns a writer of rows of these sources. A table has the columns that Columns
// has found, unless it is written as it came.
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

// Columns returns the columns that a table of rows needs. It is given each row once.
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

// flush writes the row at hand with its parts.
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

// value writes an object as its container has it.
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

// object returns the row as an object, nil if the format cannot say it.
func (w *Writer) object(r *data.Row) []byte {
	from := w.sources[r.SourceID]
	if from != nil && from.format == w.form.Format && len(from.keys) > 0 && w.fits(r) {
		return w.form.Format.object(r, w.parts, from.keys)
	}
	return w.form.Format.canonical(r)
}

// fits reports whether the row as it stood in its file is of the form that is written.
func (w *Writer) fits(r *data.Row) bool {
	if w.form.original || len(r.Raw) == 0 || r.Raw[0] != '{' {
		return true
	}
	return formatOf(parseObject(r.Raw).has) == w.form.Format
}

// canonical returns a row of any source as an object of the format.
func (f *Format) canonical(r *data.Row) []byte {
	c := *r
	c.Raw = nil
	if f.Name == "alpaca" || f.Name == "gpteacher" || f.Name == "dolly" || f.Name == "seeds" {
		flatten(&c)
	}
	keys := slices.Clone(f.keys(&c))
	extra := &object{}
	if c.Extra != nil {
		extra = parseObject(c.Extra)
	}
	if f.Name == "preference" && !extra.has("rejected") {
		return nil
	}
	for _, x := range extra.fields {
		if !slices.Contains(keys, x.key) {
			keys = append(keys, x.key)
		}
	}
	return f.object(&c, nil, keys)
}

// flatten says a conversation as one question and its answer, with what was said before as
// history: the form that LLaMA-Factory reads.
func flatten(r *data.Row) {
	if len(r.Turns) == 0 {
		return
	}
	var pairs [][2]string
	var question []string
	for _, m := range r.Turns {
		switch m.Role {
		case "system":
		case "assistant":
			pairs = append(pairs, [2]string{strings.Join(question, "\n\n"), m.Content})
			question = nil
		default:
			question = append(question, m.Content)
		}
	}
	if len(pairs) == 0 {
		return
	}
	last := pairs[len(pairs)-1]
	r.Instruction, r.Input, r.Output, r.Turns = last[0], "", last[1], nil
	if len(pairs) == 1 {
		return
	}
	b := []byte{'['}
	for i, p := range pairs[:len(pairs)-1] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(append(append(append(b, '['), data.AppendQuoted(nil, p[0])...), ", "...), data.AppendQuoted(nil, p[1])...), ']')
	}
	fields := []field{{"history", append(b, ']')}}
	if r.Extra != nil {
		fields = append(fields, parseObject(r.Extra).fields...)
	}
	r.Extra = appendObject(nil, fields)
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

// column returns the text of a row that a column of a table has.
func (w *Writer) column(key string) func(*data.Row) *string {
	return map[string]func(*data.Row) *string{"instruction": instruction, "input": input, "output": output, "system": system, "category": category}[key]
}

// unquoteValue returns a string's text, or what is no string as JSON.
func unquoteValue(v json.RawMessage) (string, bool) {
	if isString(v) {
		return unquote(v)
	}
	return string(v), false
}

// Close writes the end.
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
