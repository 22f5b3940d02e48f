package data

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/data/formats"
	"alpaca/internal/data/table"
)

// original stands for the format of the file that a source was imported from.
const original = "original"

// exportOptions are the flags of "alpaca data export".
type exportOptions struct {
	file
	selection
	format string
	search string
	out    string
}

func newExport(u *ui.UI) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [--format FORMAT] [-o FILE]",
		Short: "Write rows to a file",
		Long: `Write rows to a file or stdout. A source is written in its original format, with the same
values in the same order, unless --format names another format:

` + formLines() + `
Keys that a format does not know are written unchanged.`,
		Example: `  alpaca data export --source alpaca_data -o alpaca_data.json
  alpaca data export --format chat --where lint__not=empty-output -o train.jsonl`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	o.selection.add(fs)
	fs.StringVar(&o.search, "search", "", "write only rows that have these `words`")
	addFormat(fs, &o.format)
	fs.StringVarP(&o.out, "output", "o", "", "`file` to write (default: stdout)")
	return cmd
}

// formLines lists the formats, one per line.
func formLines() (text string) {
	for _, f := range formats.Forms {
		text += "  " + f.Name + "            "[:12-len(f.Name)] + f.About + "\n"
	}
	return text
}

func addFormat(fs *pflag.FlagSet, target *string) {
	words := []string{original}
	for _, f := range formats.Forms {
		words = append(words, f.Name)
	}
	flags.AddChoice(fs, target, "format", "`format` to write", words...)
}

func (o *exportOptions) run(ctx context.Context, u *ui.UI) error {
	db, err := o.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	sources, err := db.Sources(ctx)
	if err != nil {
		return err
	}
	form, err := o.form(ctx, db, sources)
	if err != nil {
		return err
	}
	if o.out == "" {
		return o.write(ctx, u, db, u.Out, form, sources)
	}
	if err := ui.CheckOutputs([]ui.Output{{Flag: "output", Path: o.out}}, o.path); err != nil {
		return err
	}
	return ui.WriteOutput(o.out, func(w io.Writer) error { return o.write(ctx, u, db, w, form, sources) })
}

// form returns the format to write.
func (o *exportOptions) form(ctx context.Context, db *data.DB, sources []*data.Source) (formats.Form, error) {
	if o.format != original {
		return formats.FormOf(o.format)
	}
	s, err := sourceNamed(ctx, db, o.source)
	if err != nil {
		return formats.Form{}, err
	}
	if s == nil && len(sources) == 1 {
		s = sources[0]
	}
	if s == nil {
		return formats.Form{}, ui.Usagef("%d sources may have come in several formats: name one with --source, or a format with --format", len(sources))
	}
	return formats.Original(s)
}

func (o *exportOptions) write(ctx context.Context, u *ui.UI, db *data.DB, out io.Writer, form formats.Form, sources []*data.Source) error {
	each, err := o.rows(ctx, db)
	if err != nil {
		return err
	}
	var columns []string
	if form.Tabular() && o.format != original {
		see, list := formats.Columns()
		if err := each(func(r *data.Row) error { see(r); return nil }); err != nil {
			return err
		}
		columns = list()
	}
	w := formats.NewWriter(out, form, sources, columns)
	if err := each(w.Row); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if w.Unfit > 0 {
		u.Warnf("%d rows are left out: they have no rejected answer", w.Unfit)
	}
	return nil
}

// rows returns an iterator over the rows that the
// flags choose: it calls its argument for each row.
func (o *exportOptions) rows(ctx context.Context, db *data.DB) (func(func(*data.Row) error) error, error) {
	t, filters, err := o.table(ctx, db)
	if err != nil {
		return nil, err
	}
	if len(filters) == 0 && o.search == "" {
		return func(each func(*data.Row) error) error { return db.Rows(ctx, t.Source, each) }, nil
	}
	keys, err := t.IDs(ctx, db, table.Query{Search: o.search, Filters: filters}, -1)
	if err != nil {
		return nil, asUsage(err)
	}
	return func(each func(*data.Row) error) error {
		for _, key := range keys {
			r, err := db.Row(ctx, key)
			if err == nil && r != nil {
				err = each(r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}, nil
}
