package formats

import (
	"encoding/json"
	"fmt"

	"alpaca/internal/data"
)

// Form says how rows are written.
type Form struct {
	Format   *Format
	Shape    Shape // Container is always set, the other fields only for rows that come from a file
	original bool  // rows are written as in their source's file
}

// Forms are the names that FormOf knows, each with a line that explains it.
var Forms = []struct{ Name, About string }{
	{"alpaca", "an array of instruction, input, output"},
	{"jsonl", "the same, one object per line"},
	{"chat", "messages, one object per line"},
	{"sharegpt", "an array of conversations"},
	{"completion", "prompt and completion, one object per line"},
	{"preference", "prompt, chosen and rejected, one object per line"},
	{"dolly", "instruction, context, response, category, one object per line"},
	{"gpteacher", "an array of instruction, input, response"},
	{"seeds", "tasks with instances, one object per line"},
	{"csv", "a table with a header"},
	{"tsv", "the same with tabs"},
}

// FormOf returns the form with a name from Forms.
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

// Original returns the form of a source's file.
func Original(s *data.Source) (Form, error) {
	f := Form{Format: ByName(s.Format), original: true}
	if f.Format == nil {
		return f, fmt.Errorf("source %s: no format %q", s.Name, s.Format)
	}
	if err := json.Unmarshal([]byte(s.Shape), &f.Shape); err != nil {
		return f, fmt.Errorf("source %s: its shape is not JSON: %w", s.Name, err)
	}
	if f.Shape.Container == "" { // rows that did not come from a file
		other, err := FormOf(s.Format)
		f.Shape, f.original = other.Shape, false
		return f, err
	}
	return f, nil
}

// table returns the separator of a table's fields, or 0 if the form is not a table.
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
