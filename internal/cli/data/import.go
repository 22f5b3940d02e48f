package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/data"
	"alpaca/internal/data/formats"
)

// importOptions are the flags of "alpaca data import".
type importOptions struct {
	file
	formats.Options
	output string
}

func newImport(u *ui.UI) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Import files",
		Long: `Import files, each as a source: JSON (an array, an object with an array, an object of
objects), JSON lines, CSV or TSV, in the forms of Stanford Alpaca, self-instruct, GPTeacher,
Dolly, OpenAI's chats, ShareGPT, or preference pairs. "-" is stdin.

A file is imported as a whole or, if the command is interrupted, not at all. Rows that
cannot be read are counted and kept in the table "rejected", with line, offset and
reason; with --strict, the first such row is an error. A file that was imported before
is refused. --substring without a file indexes the rows already in the database.

Exit status: 0 all files are imported, 1 a file is not, 2 wrong command line.`,
		Example: `  alpaca data import alpaca_data.json --license "CC BY-NC 4.0"
  curl -s https://example.org/chats.jsonl | alpaca data import - --name chats`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	fs := cmd.Flags()
	o.file.add(fs)
	fs.StringVar(&o.Name, "name", "", "`name` of the source and of the view with its rows (default: the name of the file)")
	fs.StringVar(&o.Licence, "license", "", "`licence` of the file, which is stored with the source")
	fs.StringVar(&o.Note, "note", "", "`note` that is stored with the source")
	fs.BoolVar(&o.Again, "again", false, "import a file that was imported before")
	fs.BoolVar(&o.Substring, "substring", false, "also index each sequence of three characters, so that a text inside a word is found fast; this index is over three times as large as the texts")
	fs.BoolVar(&o.Strict, "strict", false, "fail at the first row that cannot be read")
	flags.AddOutput(fs, &o.output, "text", "json")
	return cmd
}

func (o *importOptions) run(ctx context.Context, u *ui.UI, paths []string) error {
	switch {
	case len(paths) == 0 && !o.Substring:
		return ui.WithHint(ui.Usagef("no file"), "usage: alpaca data import FILE…")
	case len(paths) > 1 && o.Name != "":
		return ui.Usagef("--name is for one file, not for %d", len(paths))
	}
	if len(paths) == 0 {
		db, err := o.read(ctx) // fails if the database does not exist
		if err != nil {
			return err
		}
		db.Close()
	}
	db, err := data.Open(ctx, o.path)
	if err != nil {
		return err
	}
	defer db.Close()
	if len(paths) == 0 {
		if err := db.Update(ctx, (*data.Tx).IndexSubstrings); err != nil {
			return err
		}
	}
	for _, path := range paths {
		if err := o.one(ctx, u, db, path); err != nil {
			if e, ok := errors.AsType[*formats.ImportedError](err); ok {
				return ui.WithHint(e, "--again imports it once more")
			}
			return err
		}
	}
	return db.Close()
}

// one imports a file.
func (o *importOptions) one(ctx context.Context, u *ui.UI, db *data.DB, path string) error {
	opt := o.Options
	label := path
	if path == "-" {
		spooled, err := spool(u)
		if err != nil {
			return err
		}
		defer os.Remove(spooled)
		path, label = spooled, "stdin"
		if opt.Name == "" {
			opt.Name = "stdin"
		}
	}
	opt.Progress = func(rows, bad int) {
		u.Statusf("%s: %d rows", label, rows)
	}
	res, err := formats.Import(ctx, db, path, opt)
	u.ClearStatus()
	if err != nil {
		return err
	}
	return o.report(u, label, res)
}

// spool copies stdin to a temporary file, because its format is known only when all of it has
// been read.
func spool(u *ui.UI) (string, error) {
	f, err := os.CreateTemp("", "alpaca-*.json")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, u.In)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// importRecord is the result of an import in JSON.
type importRecord struct {
	File     string           `json:"file"`
	Source   string           `json:"source"`
	Format   string           `json:"format"`
	Rows     int              `json:"rows"`
	Rejected int              `json:"rejected"`
	First    *formats.Problem `json:"first_rejected,omitempty"`
	Notes    formats.Notes    `json:"notes"`
	Licence  string           `json:"license"`
}

func (o *importOptions) report(u *ui.UI, label string, res *formats.Result) error {
	if o.output == "json" {
		first := res.First
		if first != nil {
			first.Raw = nil
		}
		return u.WriteJSON(importRecord{File: label, Source: res.Source.Name, Format: res.Source.Format, Rows: res.Rows, Rejected: res.Bad, First: first, Notes: res.Notes, Licence: res.Source.Licence})
	}
	fmt.Fprintf(u.Out, "%s: %s of the format %s as %s\n", filepath.Base(label), plural(res.Rows, "row"), res.Source.Format, res.Source.Name)
	if res.Bad > 0 {
		u.Warnf("%s: %s could not be read (kept in the table \"rejected\"); the first: %s", label, plural(res.Bad, "row"), ui.Printable(res.First.Error()))
	}
	for _, n := range []struct {
		count       int
		thing, what string
	}{
		{res.Notes.NotText, "value", "kept as JSON, because a text was expected"},
		{res.Notes.HalfPairs, "text", "with half of a surrogate pair or a NUL byte, which is replaced"},
		{res.Notes.DoubleKeys, "row", "with a duplicate key; the last one counts"},
		{res.Notes.OtherForm, "row", "in another format than the first row"},
	} {
		if n.count > 0 {
			u.Warnf("%s: %s %s; an export writes the original", label, plural(n.count, n.thing), n.what)
		}
	}
	if res.Source.Format == "preference" {
		u.Notef("%s: the chosen answer of a preference pair becomes the row's output; training uses only this answer", label)
	}
	return nil
}

// plural returns a number and its noun as text.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
