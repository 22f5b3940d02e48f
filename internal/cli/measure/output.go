package measure

import (
	"bufio"
	"io"
	"path/filepath"
	"strings"

	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
	"alpaca/internal/report"
	"alpaca/internal/tokenizer"
)

// evalFiles are the files that an evaluation writes besides its result. They appear under
// their names when the evaluation is complete.
type evalFiles struct {
	open   []ui.OutputFile
	finish []func() error // called by commit, in order, before the files get their names
}

// create creates a file, which commit completes.
func (e *evalFiles) create(path string) (ui.OutputFile, error) {
	f, err := ui.CreateOutput(path)
	if err == nil {
		e.open = append(e.open, f)
	}
	return f, err
}

// commit completes all files.
func (e *evalFiles) commit() error {
	for _, finish := range e.finish {
		if err := finish(); err != nil {
			return err
		}
	}
	for _, f := range e.open {
		if err := f.Commit(); err != nil {
			return err
		}
	}
	e.open = nil
	return nil
}

// abort removes the files that are not complete.
func (e *evalFiles) abort() {
	for _, f := range e.open {
		f.Abort()
	}
}

// scoredLine is a token in the lines of --per-token.
type scoredLine struct {
	Chunk   int           `json:"chunk"`
	Pos     int           `json:"pos"`
	Token   int32         `json:"token"`
	Text    string        `json:"text"`
	Logprob report.Number `json:"logprob"`
	Rank    int           `json:"rank"`
}

// perToken makes an evaluation write a JSON line for every token to a file, or
// to stdout for "-".
func (e *evalFiles) perToken(u *ui.UI, path string, tok *tokenizer.Tokenizer, opt *eval.Options) error {
	var to io.Writer = u.Out
	if path != "-" {
		f, err := e.create(path)
		if err != nil {
			return err
		}
		to = f
	}
	buf := bufio.NewWriter(to)
	enc := ui.NewJSONEncoder(buf)
	opt.Ranks = true
	opt.Each = func(t eval.Scored) error {
		return enc.Encode(scoredLine{t.Window, t.Pos, t.ID, tok.Piece(t.ID, true), report.Number(t.Logprob), t.Rank})
	}
	// The lines of a window are written as soon as the window is done, for readers of stdout.
	done := opt.Done
	opt.Done = func(p eval.Progress) error {
		if err := buf.Flush(); err != nil {
			return err
		}
		return done(p)
	}
	return nil
}

// logits returns a writer of a logits file.
func (e *evalFiles) logits(path string, context, vocab int, tokens []int32, windows int) (*eval.LogitsWriter, error) {
	f, err := e.create(path)
	if err != nil {
		return nil, err
	}
	w, err := eval.NewLogitsWriter(f, context, vocab, tokens, windows)
	if err == nil {
		e.finish = append(e.finish, w.Close)
	}
	return w, err
}

// isDat reports whether path is the name of an importance matrix in the older form.
func isDat(path string) bool { return strings.EqualFold(filepath.Ext(path), ".dat") }

// imatrix makes commit write an importance matrix, in the form that the file's name asks
// for.
func (e *evalFiles) imatrix(u *ui.UI, path string, m *eval.Imatrix) {
	e.finish = append(e.finish, func() error {
		write := func() error { return m.WriteGGUF(path) }
		if isDat(path) {
			write = func() error {
				f, err := e.create(path)
				if err != nil {
					return err
				}
				return m.WriteDat(f)
			}
		}
		err := write()
		if err == nil {
			u.Notef("wrote the importance matrix to %s", path)
		}
		return err
	})
}
