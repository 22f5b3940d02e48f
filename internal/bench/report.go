package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Report writes results one by one.
type Report interface {
	Add(r *Result) error
	// Close ends the report. It must be called once, even
	// if there are no results or the run was interrupted.
	Close() error
}

// Formats are the formats that NewReport knows.
var Formats = []string{"md", "csv", "json", "jsonl", "sql"}

// NewReport returns a report that writes to w in one of Formats.
func NewReport(format string, w io.Writer) Report {
	switch format {
	case "md":
		return &markdown{w: w}
	case "csv":
		return &csvReport{w: csv.NewWriter(w)}
	case "json":
		return &jsonReport{w: w}
	case "jsonl":
		return &jsonReport{w: w, lines: true}
	case "sql":
		return &sqlReport{w: w}
	}
	panic("bench: report format " + format)
}

// jsonReport writes an object for each test. The objects are elements of one array or, if lines is
// true, each is on a line of its own.
type jsonReport struct {
	w     io.Writer
	lines bool
	n     int
}

func (j *jsonReport) Add(r *Result) error {
	before, indent, after := "", "", "\n"
	if !j.lines {
		before, indent, after = ",\n", "  ", ""
		if j.n == 0 {
			before = "[\n"
		}
	}
	j.n++
	object, err := resultJSON(r, indent)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(j.w, before, indent, object, after)
	return err
}

func (j *jsonReport) Close() error {
	if j.lines {
		return nil
	}
	end := "\n]\n"
	if j.n == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(j.w, end)
	return err
}

// resultJSON returns r as an object with the fields in order. If indent is not empty, each field is
// on its own line.
func resultJSON(r *Result, indent string) (string, error) {
	separator, end := ", ", "}"
	if indent != "" {
		separator, end = ",\n"+indent+"  ", "\n"+indent+"}"
	}
	var b strings.Builder
	b.WriteString("{")
	if indent != "" {
		b.WriteString("\n" + indent + "  ")
	}
	for i, f := range fields {
		if i > 0 {
			b.WriteString(separator)
		}
		value, err := json.Marshal(f.value(r))
		if err != nil {
			return "", fmt.Errorf("bench: %s: %w", f.name, err)
		}
		fmt.Fprintf(&b, "%q: %s", f.name, value)
	}
	return b.String() + end, nil
}

// csvReport writes a header and a line for each test, without the lists of samples.
type csvReport struct {
	w       *csv.Writer
	started bool
}

func (c *csvReport) Add(r *Result) error {
	var names, values []string
	for _, f := range fields {
		if f.sql != "" {
			names = append(names, f.name)
			values = append(values, plain(f.value(r)))
		}
	}
	if !c.started {
		c.started = true
		if err := c.w.Write(names); err != nil {
			return err
		}
	}
	if err := c.w.Write(values); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvReport) Close() error {
	c.w.Flush()
	return c.w.Error()
}

// plain returns a scalar as text.
func plain(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', 6, 64)
	case bool:
		return strconv.Itoa(btoi(v))
	}
	return fmt.Sprint(v)
}

// sqlReport writes SQL statements that create a table and fill it.
type sqlReport struct {
	w       io.Writer
	started bool
}

func (s *sqlReport) Add(r *Result) error {
	var columns, names, values []string
	for _, f := range fields {
		if f.sql == "" {
			continue
		}
		columns = append(columns, "  "+f.name+" "+f.sql)
		names = append(names, f.name)
		value := plain(f.value(r))
		if f.sql == "TEXT" {
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		values = append(values, value)
	}
	if !s.started {
		s.started = true
		if _, err := fmt.Fprintf(s.w, "CREATE TABLE IF NOT EXISTS llama_bench (\n%s\n);\n\n", strings.Join(columns, ",\n")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(s.w, "INSERT INTO llama_bench (%s) VALUES (%s);\n", strings.Join(names, ", "), strings.Join(values, ", "))
	return err
}

func (s *sqlReport) Close() error { return nil }
