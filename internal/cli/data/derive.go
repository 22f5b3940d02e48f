package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/data/derive"
)

// splitOptions are the flags of "alpaca data split".
type splitOptions struct {
	file
	source string
	eval   float64
	seed   uint64
	names  derive.Names
}

func newSplit(u *ui.UI) *cobra.Command {
	var o splitOptions
	cmd := &cobra.Command{
		Use:   "split",
		Short: "Split a source into training rows and evaluation rows",
		Long: `Divide the rows of a source into two new sources: one to train with, and a small one to
evaluate the trained model. The seed and the question of a row decide where the row
goes; the order of the rows does not matter. Rows with the same question go to the same
source. The old source stays.`,
		Example: `  alpaca data split --eval 0.05
  alpaca data export --source alpaca_data_train --format jsonl -o train.jsonl`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringVar(&o.source, "source", "", "`name` of the source to split (default: the only one)")
	fs.Float64Var(&o.eval, "eval", 0.05, "`fraction` of the rows for evaluation, between 0 and 1")
	fs.Uint64Var(&o.seed, "seed", 1, "`seed` that decides which rows are for evaluation")
	fs.StringVar(&o.names.Train, "train-name", "", "`name` of the training source (default: the old name with _train)")
	fs.StringVar(&o.names.Eval, "eval-name", "", "`name` of the evaluation source (default: the old name with _eval)")
	return cmd
}

func (o *splitOptions) run(ctx context.Context, u *ui.UI) error {
	if !(o.eval > 0 && o.eval < 1) {
		return ui.Usagef("--eval %v: must be between 0 and 1", o.eval)
	}
	db, sources, err := change(ctx, &o.file, o.source)
	if err != nil {
		return err
	}
	defer db.Close()
	if len(sources) != 1 {
		return ui.Usagef("there are %d sources: name one with --source", len(sources))
	}
	train, eval, err := derive.Split(ctx, db, sources[0], o.eval, o.seed, o.names)
	if err != nil {
		return err
	}
	fmt.Fprintf(u.Out, "%s has %d rows, %s has %d\n", train.Name, train.Rows, eval.Name, eval.Rows)
	return db.Close()
}

// mergeOptions are the flags of "alpaca data merge".
type mergeOptions struct {
	file
	name   string
	unique bool
}

func newMerge(u *ui.UI) *cobra.Command {
	var o mergeOptions
	cmd := &cobra.Command{
		Use:   "merge SOURCE SOURCE…",
		Short: "Merge several sources into one",
		Long: `Write the rows of sources to a new source, one source after the other. The old sources stay. If
they came in different formats, "alpaca data export" writes the new source as chats, unless
--format names another format.`,
		Example: `  alpaca data merge alpaca_data dolly --name both --unique`,
		Args:    cobra.MinimumNArgs(2),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringVar(&o.name, "name", "merged", "`name` of the new source")
	fs.BoolVar(&o.unique, "unique", false, "leave out a row if an earlier row is equal in every field")
	return cmd
}

func (o *mergeOptions) run(ctx context.Context, u *ui.UI, names []string) error {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return ui.Usagef("the source %s is named twice", name)
		}
	}
	db, sources, err := change(ctx, &o.file, names...)
	if err != nil {
		return err
	}
	defer db.Close()
	merged, left, err := derive.Merge(ctx, db, sources, o.name, o.unique)
	if err != nil {
		return err
	}
	fmt.Fprintf(u.Out, "%s has %d rows", merged.Name, merged.Rows)
	if o.unique {
		fmt.Fprintf(u.Out, ", %d are left out", left)
	}
	fmt.Fprintln(u.Out)
	return db.Close()
}

// change opens an existing database for writing, and returns the sources with the given names. The
// name "" stands for all sources.
func change(ctx context.Context, f *file, names ...string) (*data.DB, []*data.Source, error) {
	db, err := f.read(ctx) // fails if the database does not exist
	if err != nil {
		return nil, nil, err
	}
	var sources []*data.Source
	for _, name := range names {
		s, err := sourceNamed(ctx, db, name)
		if err == nil && s == nil {
			sources, err = db.Sources(ctx)
		} else {
			sources = append(sources, s)
		}
		if err != nil {
			db.Close()
			return nil, nil, err
		}
	}
	if err := db.Close(); err != nil {
		return nil, nil, err
	}
	db, err = data.Open(ctx, f.path)
	return db, sources, err
}
