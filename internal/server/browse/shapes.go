package browse

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"alpaca/internal/data"
	"alpaca/internal/data/query"
)

// answer has rows to send in one of Datasette's shapes.
type answer struct {
	columns   []string
	rows      [][]any
	keys      []int64 // nil: the rows have no keys
	shape     string
	lines     bool
	truncated bool
	more      []string // further fields: names, each followed by its value as JSON
}

func (a *answer) write(w http.ResponseWriter) error {
	kind := "application/json; charset=utf-8"
	var out []byte
	switch a.shape {
	case "", "objects", "arrays":
		out = a.whole()
	case "array", "arrayfirst":
		if a.lines {
			kind = "text/plain; charset=utf-8"
		}
		out = a.bare()
	case "object":
		if a.keys == nil {
			return badRequest("_shape=object works only for tables")
		}
		out = append(out, '{')
		for i, row := range a.rows {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(out, quoted(strconv.FormatInt(a.keys[i], 10))+": "...)
			out = query.AppendObject(out, a.columns, row)
		}
		out = append(out, '}')
	default:
		return badRequest("_shape must be objects, arrays, array, arrayfirst or object")
	}
	w.Header().Set("Content-Type", kind)
	_, err := w.Write(append(out, '\n'))
	return err
}

// whole returns an object with the rows and further fields.
func (a *answer) whole() []byte {
	out := []byte(`{"ok": true, "rows": [`)
	for i, row := range a.rows {
		if i > 0 {
			out = append(out, ", "...)
		}
		if a.shape == "arrays" {
			out = query.AppendArray(out, row)
		} else {
			out = query.AppendObject(out, a.columns, row)
		}
	}
	out = append(out, `], "truncated": `+strconv.FormatBool(a.truncated)...)
	has := false
	for i := 0; i+1 < len(a.more); i += 2 {
		has = has || a.more[i] == "columns"
		out = append(out, ", "+quoted(a.more[i])+": "+a.more[i+1]...)
	}
	if a.shape == "arrays" && !has {
		text, _ := json.Marshal(a.columns)
		out = append(append(out, `, "columns": `...), text...)
	}
	return append(out, '}')
}

// bare returns a list of rows or, if lines is set, one row per line.
func (a *answer) bare() (out []byte) {
	lead, between, end := "[", ", ", "]"
	if a.lines {
		lead, between, end = "", "\n", ""
	}
	out = append(out, lead...)
	for i, row := range a.rows {
		if i > 0 {
			out = append(out, between...)
		}
		if a.shape == "arrayfirst" {
			out = query.AppendValue(out, row[0])
		} else {
			out = query.AppendObject(out, a.columns, row)
		}
	}
	return append(out, end...)
}

func quoted(text string) string { return string(data.AppendQuoted(nil, text)) }

// writeError writes an error in Datasette's form.
func writeError(w io.Writer, status int, message string) {
	m := quoted(message)
	io.WriteString(w, `{"ok": false, "error": `+m+`, "errors": [`+m+`], "status": `+strconv.Itoa(status)+"}\n")
}
