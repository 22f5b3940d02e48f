package data

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data/formats"
	"alpaca/internal/data/query"
	"alpaca/internal/report/shorten"
)

// sqlOptions are the flags of "alpaca data sql".
type sqlOptions struct {
	file
	params []string
	limit  int
	time   time.Duration
	output string
}

func newSQL(u *ui.UI) *cobra.Command {
	var o sqlOptions
	cmd := &cobra.Command{
		Use:   "sql STATEMENT",
		Short: "Run a query in SQL",
		Long: `Run an SQL statement that only reads. The rows are in the table "example". Each source
also has a view with the source's name. Other tables are "source", "rejected", "lint" and
"tag". :name in the statement is a parameter, whose value --param gives. "-" reads the
statement from stdin.`,
		Example: `  alpaca data sql "select category, count(*) from example group by 1 order by 2 desc"
  alpaca data sql "select instruction, input, output from alpaca_data where instruction || ' ' || input
    || ' ' || output like '%' || :search || '%' order by random()" --param search=penguin`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args[0]) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringArrayVar(&o.params, "param", nil, "value of a parameter, `name=value`; the flag can be repeated")
	flags.AddInt(fs, &o.limit, flags.Int{Name: "limit", Value: 0, Low: 0, High: math.MaxInt32}, "largest number of `rows`; 0 means all rows")
	fs.DurationVar(&o.time, "time", time.Minute, "longest `time` to wait for the next row of the result")
	flags.AddOutput(fs, &o.output, "table", "json", "jsonl", "csv")
	return cmd
}

func (o *sqlOptions) run(ctx context.Context, u *ui.UI, text string) error {
	if text == "-" {
		var err error
		if text, err = u.ReadStdin(); err != nil {
			return err
		}
	}
	st, err := query.Parse(text)
	if err != nil {
		return ui.Usage(err)
	}
	values := map[string]string{}
	for _, p := range o.params {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return ui.Usagef("--param %q: must be name=value", p)
		}
		values[strings.TrimLeft(name, ":@$")] = value
	}
	for _, name := range st.Params {
		if _, ok := values[name]; !ok {
			return ui.Usagef("the parameter :%s has no value: --param %s=…", name, name)
		}
	}
	db, err := o.read(ctx) // only to check that "alpaca data" made the file
	if err != nil {
		return err
	}
	db.Close()
	pool, err := query.Open(o.path)
	if err != nil {
		return err
	}
	defer pool.Close()
	w := newRowWriter(u, o.output)
	n := 0
	err = pool.Stream(ctx, text, values, o.time, w.head, func(row []any) error {
		if o.limit > 0 && n == o.limit {
			return errLimit
		}
		n++
		return w.row(row)
	})
	if err == errLimit {
		u.Notef("there are more than %d rows", o.limit)
		err = nil
	}
	if err != nil {
		return err
	}
	return w.end()
}

var errLimit = fmt.Errorf("enough")

// rowWriter writes the rows of a result.
type rowWriter struct {
	out     *bufio.Writer
	form    string
	columns []string
	tab     *tabwriter.Writer
	n       int
}

func newRowWriter(u *ui.UI, form string) *rowWriter {
	out := bufio.NewWriter(u.Out)
	return &rowWriter{out: out, form: form, tab: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

func (w *rowWriter) head(columns []string) error {
	w.columns = columns
	switch w.form {
	case "table":
		fmt.Fprintln(w.tab, strings.Join(columns, "\t"))
	case "csv":
		w.out.Write(formats.AppendRecord(nil, columns, ','))
	case "json":
		w.out.WriteString("[")
	}
	return nil
}

func (w *rowWriter) row(values []any) error {
	switch w.n++; w.form {
	case "table":
		for i, v := range values {
			if i > 0 {
				fmt.Fprint(w.tab, "\t")
			}
			fmt.Fprint(w.tab, cell(v))
		}
		fmt.Fprintln(w.tab)
		const together = 1000 // number of rows that are kept in memory and aligned together
		if w.n%together == 0 {
			return w.tab.Flush()
		}
		return nil
	case "csv":
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = query.Text(v)
		}
		_, err := w.out.Write(formats.AppendRecord(nil, texts, ','))
		return err
	}
	if w.form == "json" {
		lead := ",\n "
		if w.n == 1 {
			lead = "\n "
		}
		w.out.WriteString(lead)
	}
	w.out.Write(query.AppendObject(nil, w.columns, values))
	if w.form == "jsonl" {
		w.out.WriteByte('\n')
	}
	return nil
}

func (w *rowWriter) end() error {
	switch w.form {
	case "table":
		if err := w.tab.Flush(); err != nil {
			return err
		}
	case "json":
		w.out.WriteString("\n]\n")
	}
	return w.out.Flush()
}

// cell returns a value for a table: one line, cut to 100 characters.
func cell(v any) string {
	if b, ok := v.([]byte); ok {
		v = "base64:" + base64.StdEncoding.EncodeToString(b)
	}
	text := ui.Printable(strings.ReplaceAll(strings.ReplaceAll(query.Text(v), "\n", "⏎"), "\t", " "))
	const limit = 100
	return shorten.Text(text, limit)
}
