package data

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/data/table"
)

// searchOptions are the flags of "alpaca data search".
type searchOptions struct {
	file
	selection
	n      int
	in     string
	raw    bool
	inside bool
	output string
}

func newSearch(u *ui.UI) *cobra.Command {
	var o searchOptions
	cmd := &cobra.Command{
		Use:   "search WORDS…",
		Short: "Find rows by their words",
		Long: `Find rows that have all the words, and show the best rows first. A star at the end of a
word finds all words that begin with it. Punctuation, and words in scripts written
without spaces, are found anywhere in a row. The search ignores accents and case.`,
		Example: `  alpaca data search penguin
  alpaca data search "south pol*" --in output -n 3 -o json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, strings.Join(args, " ")) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	o.selection.add(fs)
	flags.AddInt(fs, &o.n, flags.Int{Name: "number", Short: "n", Value: 10, Low: 1, High: math.MaxInt32}, "largest number of `rows`")
	fs.StringVar(&o.in, "in", "", "`column` to look in: instruction, input or output (default: all)")
	fs.BoolVar(&o.raw, "raw-search", false, "treat WORDS as a query of SQLite's FTS5, with the operators AND, OR, NOT and NEAR")
	fs.BoolVar(&o.inside, "substring", false, "find WORDS anywhere, also inside a word; this is fast after \"alpaca data import --substring\"")
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

func (o *searchOptions) run(ctx context.Context, u *ui.UI, words string) error {
	if o.raw && o.inside {
		return ui.Usagef("--raw-search and --substring cannot be used together")
	}
	db, err := o.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	t, filters, err := o.table(ctx, db)
	if err != nil {
		return err
	}
	keys, ranked, err := t.Best(ctx, db, table.Query{Search: words, In: o.in, Raw: o.raw, Inside: o.inside, Filters: filters, Size: o.n})
	if err != nil {
		return asUsage(err)
	}
	if len(keys) == 0 {
		u.Notef("no row has %q", words)
	}
	if !ranked && !o.inside && len(keys) == o.n {
		u.Notef("these are the first rows that have the words, not the best ones: the words are in too many rows, or not in the index")
	}
	rows, err := examples(ctx, db, keys)
	if err != nil {
		return err
	}
	return print(ctx, u, db, rows, o.output)
}

// randomOptions are the flags of "alpaca data random".
type randomOptions struct {
	file
	selection
	n      int
	seed   int64
	output string
}

func newRandom(u *ui.UI) *cobra.Command {
	var o randomOptions
	cmd := &cobra.Command{
		Use:   "random",
		Short: "Draw rows",
		Long: `Draw rows at random, none of them twice. The same --seed draws the same rows as long as the
database does not change.`,
		Example: `  alpaca data random
  alpaca data random -n 5 --seed 7 --where category=poem`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), u) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	o.selection.add(fs)
	flags.AddInt(fs, &o.n, flags.Int{Name: "number", Short: "n", Value: 1, Low: 1, High: math.MaxInt32}, "`rows` to draw")
	fs.Int64Var(&o.seed, "seed", -1, "`seed` for drawing the rows; -1 means a random seed")
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

func (o *randomOptions) run(ctx context.Context, u *ui.UI) error {
	db, err := o.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	t, filters, err := o.table(ctx, db)
	if err != nil {
		return err
	}
	keys, err := t.IDs(ctx, db, table.Query{Filters: filters}, -1)
	if err != nil {
		return asUsage(err)
	}
	if len(keys) == 0 {
		return fmt.Errorf("%s: no row matches", o.path)
	}
	seed := o.seed
	if seed < 0 {
		seed = int64(rand.Uint32())
		u.Notef("drawn with --seed %d", seed)
	}
	rows, err := examples(ctx, db, table.Draw(keys, o.n, seed))
	if err != nil {
		return err
	}
	return print(ctx, u, db, rows, o.output)
}

// showOptions are the flags of "alpaca data show".
type showOptions struct {
	file
	model  modelFlags
	output string
}

func newShow(u *ui.UI) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:   "show ID…",
		Short: "Show rows by their ids",
		Long: `Show rows by their ids. With --chat-template or -m, show for each row the text that
training would see with that template; with -m, also show the number of tokens of this
text.`,
		Example: `  alpaca data show 17
  alpaca data show 17 --chat-template stanford`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	o.model.add(fs)
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

func (o *showOptions) run(ctx context.Context, u *ui.UI, args []string) error {
	var keys []int64
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id < 1 {
			return ui.Usagef("%q is not an id: it must be a whole number of at least 1", arg)
		}
		keys = append(keys, id)
	}
	db, err := o.read(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := examples(ctx, db, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !slices.ContainsFunc(rows, func(r *data.Row) bool { return r.ID == key }) {
			return fmt.Errorf("%s: row %d does not exist", o.path, key)
		}
	}
	if !o.model.asked() {
		return print(ctx, u, db, rows, o.output)
	}
	m, err := o.model.open(u)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := m.print(u, r, o.output); err != nil {
			return err
		}
	}
	return nil
}
