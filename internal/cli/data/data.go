// Package data implements "alpaca data", which keeps training data as the rows
// of one database. Its commands import and export rows, search, show, count
// and check them, derive new sources, run SQL, and serve a page for browsers.
package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/data/formats"
	"alpaca/internal/data/table"
)

// New returns the command "alpaca data".
func New(u *ui.UI) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Keep, browse and check training data",
		Long: `Keep training data in one SQLite file (-d, data.db by default). Each row is an instruction
with an answer, a conversation, or a preference pair.`,
		Example: `  alpaca data import alpaca_data.json
  alpaca data search penguin
  alpaca data lint --show 3
  alpaca data serve`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return flags.UnknownCommand(cmd, args[0])
		},
	}
	cmd.AddCommand(newImport(u), newExport(u), newSearch(u), newRandom(u), newShow(u), newSQL(u), newLint(u), newSplit(u), newMerge(u), newStats(u), newServe(u))
	for _, c := range cmd.Commands() {
		c.Flags().SortFlags = false
	}
	return cmd
}

// file is the flag -d, which names the database.
type file struct{ path string }

func (f *file) add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.path, "database", "d", "data.db", "`file` with the rows")
}

// read opens the database for reading.
func (f *file) read(ctx context.Context) (*data.DB, error) {
	db, err := data.OpenReadOnly(ctx, f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ui.WithHint(fmt.Errorf("%s: the database does not exist", f.path), "alpaca data import FILE creates it; -d names another one")
	}
	return db, err
}

// sourceNamed returns the source with the given name. It returns nil for "", which stands for all
// sources.
func sourceNamed(ctx context.Context, db *data.DB, name string) (*data.Source, error) {
	if name == "" {
		return nil, nil
	}
	s, err := db.Source(ctx, name)
	if err != nil || s != nil {
		return s, err
	}
	list, err := db.Sources(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Name
	}
	if len(names) == 0 {
		return nil, ui.Usagef("--source %s: the database has no sources", name)
	}
	return nil, ui.Usagef("--source %s: unknown source; the sources are %s", name, strings.Join(names, ", "))
}

// selection holds the flags that choose rows.
type selection struct {
	source string
	where  []string
}

func (s *selection) add(fs *pflag.FlagSet) {
	fs.StringVar(&s.source, "source", "", "`name` of the source to read (default: all)")
	fs.StringArrayVar(&s.where, "where", nil, "`condition` on a column, such as category=poem, input__isblank or lint=merged; the flag can be repeated")
}

// table returns the table that the flags name, and the conditions that they set for rows.
func (s *selection) table(ctx context.Context, db *data.DB) (*table.Table, []table.Filter, error) {
	name := "example"
	if s.source != "" {
		if _, err := sourceNamed(ctx, db, s.source); err != nil {
			return nil, nil, err
		}
		name = s.source
	}
	t, err := table.Named(ctx, db, name)
	if err != nil {
		return nil, nil, err
	}
	var filters []table.Filter
	for _, text := range s.where {
		column, value, _ := strings.Cut(text, "=")
		filters = append(filters, table.ParseFilter(column, value))
	}
	return t, filters, nil
}

// asUsage turns a table.Error, the error of a wrong query, into a usage error. It returns other
// errors unchanged.
func asUsage(err error) error {
	if e, ok := errors.AsType[*table.Error](err); ok {
		return ui.Usagef("%s", e.Message)
	}
	return err
}

// examples returns the rows with the given keys, in the order of keys. It leaves out rows that
// do not exist.
func examples(ctx context.Context, db *data.DB, keys []int64) (list []*data.Row, err error) {
	for _, key := range keys {
		r, err := db.Row(ctx, key)
		if err != nil {
			return nil, err
		}
		if r != nil {
			list = append(list, r)
		}
	}
	return list, nil
}

// record is a row in JSON.
type record struct {
	ID          int64          `json:"id"`
	Source      string         `json:"source"`
	Pos         int64          `json:"pos"`
	Instruction string         `json:"instruction"`
	Input       string         `json:"input"`
	Output      string         `json:"output"`
	System      string         `json:"system,omitempty"`
	Category    string         `json:"category,omitempty"`
	Turns       []data.Message `json:"turns,omitempty"`
	Extra       any            `json:"extra,omitempty"`
}

func recordOf(r *data.Row, names map[int64]string) record {
	rec := record{ID: r.ID, Source: names[r.SourceID], Pos: r.Pos, Instruction: r.Instruction, Input: r.Input, Output: r.Output,
		System: r.System, Category: r.Category, Turns: r.Turns}
	if r.Extra != nil {
		rec.Extra = r.Extra
	}
	return rec
}

// sourceNames returns the names of sources by their ids.
func sourceNames(ctx context.Context, db *data.DB) (map[int64]string, error) {
	list, err := db.Sources(ctx)
	names := map[int64]string{}
	for _, s := range list {
		names[s.ID] = s.Name
	}
	return names, err
}

// print writes rows for people, or as JSON lines.
func print(ctx context.Context, u *ui.UI, db *data.DB, rows []*data.Row, output string) error {
	names, err := sourceNames(ctx, db)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if output == "json" {
			if err := u.WriteJSON(recordOf(r, names)); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(u.Out)
		}
		if err := printRow(u, r, names[r.SourceID]); err != nil {
			return err
		}
	}
	return nil
}

// printRow writes a row for people.
func printRow(u *ui.UI, r *data.Row, source string) error {
	fmt.Fprintf(u.Out, "%d  %s:%d", r.ID, source, r.Pos)
	if r.Category != "" {
		fmt.Fprintf(u.Out, "  %s", printable(r.Category))
	}
	fmt.Fprintln(u.Out)
	for _, m := range formats.Messages(&data.Row{Instruction: r.Instruction, Output: r.Output, System: r.System, Turns: r.Turns}) {
		fmt.Fprintf(u.Out, "%s: %s\n", m.Role, printable(m.Content))
		if m.Role == "user" && r.Input != "" && len(r.Turns) == 0 {
			fmt.Fprintf(u.Out, "input: %s\n", printable(r.Input))
		}
	}
	return nil
}

// printable makes a text harmless for a terminal and keeps its lines.
func printable(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = ui.Printable(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n  ")
}
