package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"alpaca/internal/eval"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/tokenizer"
)

// comparison is the state of a comparison.
type comparison struct {
	o    *compareOptions
	u    *ui
	pool *pool.Pool
	tmp  string // folder for temporary files; "": the system's

	base     *evaluated         // nil where the base is a file
	file     *eval.LogitsReader // nil where the base is a model
	fileName string
	source   *os.File // of file
	others   []*evaluated

	name    string // of the text
	policy  eval.Policy
	tokens  []int32
	windows []eval.Window
}

// close frees everything.
func (c *comparison) close() {
	for _, e := range c.others {
		e.close()
	}
	if c.base != nil {
		c.base.close()
	}
	if c.source != nil {
		c.source.Close()
	}
	c.pool.Close()
}

// parts returns the names of all files of the models.
func (c *comparison) parts() (paths []string) {
	for _, e := range append([]*evaluated{c.base}, c.others...) {
		if e != nil {
			paths = append(paths, e.model.File.Parts...)
		}
	}
	return paths
}

// openBase opens a model or a logits file, whichever it is.
func (c *comparison) openBase(path string) (err error) {
	f, err := os.Open(path)
	if err == nil {
		head := make([]byte, 8)
		n, _ := io.ReadFull(f, head)
		if eval.IsLogitsFile(head[:n]) {
			c.source, c.fileName = f, filepath.Base(path)
			return c.openLogits()
		}
		f.Close()
	}
	c.base, err = c.o.measure.load(c.u, path)
	return err
}

// openLogits reads the header of the logits file.
func (c *comparison) openLogits() error {
	st, err := c.source.Stat()
	if err != nil {
		return err
	}
	if _, err := c.source.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if c.o.save != "" {
		return usageErrorf("--kl-divergence-base: the base is such a file already")
	}
	c.file, err = eval.NewLogitsReader(c.source, st.Size())
	return err
}

// openOther opens a model and makes sure that it speaks the base's tokens.
func (c *comparison) openOther(path string) error {
	e, err := c.o.measure.load(c.u, path)
	if err != nil {
		return err
	}
	c.others = append(c.others, e)
	if c.base == nil {
		if e.model.Config.VocabSize != c.file.Vocab {
			return fmt.Errorf("%s has a vocabulary of %d tokens, %s one of %d", e.path, e.model.Config.VocabSize, c.fileName, c.file.Vocab)
		}
		return nil
	}
	return sameVocabulary(c.base, e)
}

// sameVocabulary returns an error that names the first token in which two
// models differ.
func sameVocabulary(a, b *evaluated) error {
	at, bt := a.model.Tokenizer, b.model.Tokenizer
	for id := range int32(max(at.Len(), bt.Len())) {
		inBoth := int(id) < min(at.Len(), bt.Len())
		sameText := inBoth && at.Text(id) == bt.Text(id)
		if sameText && at.Type(id) == bt.Type(id) {
			continue
		}
		describe := func(t *tokenizer.Tokenizer) string {
			switch {
			case int(id) >= t.Len():
				return fmt.Sprintf("missing (%d tokens in all)", t.Len())
			case sameText:
				return fmt.Sprintf("%q of type %d", t.Text(id), t.Type(id))
			}
			return fmt.Sprintf("%q", t.Text(id))
		}
		return fmt.Errorf("the vocabularies differ: token %d is %s in %s and %s in %s", id, describe(at), a.path, describe(bt), b.path)
	}
	if a.model.Config.VocabSize != b.model.Config.VocabSize {
		return fmt.Errorf("the vocabularies differ: %s predicts %d tokens, %s %d",
			a.path, a.model.Config.VocabSize, b.path, b.model.Config.VocabSize)
	}
	return nil
}

// divide reads the text and cuts it into windows.
func (c *comparison) divide() (err error) {
	reader := c.base
	if reader == nil {
		reader = c.others[0]
	}
	if c.file != nil {
		if err := c.divideFile(reader); err != nil {
			return err
		}
	} else {
		text, name, err := c.o.measure.read(c.u)
		if err != nil {
			return err
		}
		c.name, c.tokens = name, c.o.measure.encode(reader.model.Tokenizer, text)
		if c.policy, err = c.o.measure.policy(reader.model); err != nil {
			return err
		}
	}
	if c.windows, err = c.o.measure.windows(c.policy, c.tokens); err != nil {
		return err
	}
	for _, e := range c.others {
		if n := e.model.Config.TrainCtx; c.policy.Length() > n && !c.o.measure.long {
			return withHint(fmt.Errorf("windows of %d tokens are more than the %d that %s was trained for", c.policy.Length(), n, e.path),
				"--allow-long-context takes them nevertheless")
		}
	}
	return nil
}

// open starts a session with a model.
func (c *comparison) open(e *evaluated) (eval.Session, error) {
	if err := c.start(e); err != nil {
		return nil, err
	}
	return temporary{e.session, e}, nil
}

// temporary is a session that is forgotten when it is closed, so that its
// memory can be used for the next.
type temporary struct {
	*model.Session
	of *evaluated
}

// Close ends the session.
func (t temporary) Close() error {
	t.of.stop()
	return nil
}

// start gives a model a session.
func (c *comparison) start(e *evaluated) error {
	return c.o.measure.start(e, c.policy.Length(), c.pool)
}

// divideFile takes text and windows from the logits file.
func (c *comparison) divideFile(e *evaluated) error {
	m := &c.o.measure
	if m.prompt.flags.Changed("prompt") || m.prompt.file != "" || m.ctx != 0 && m.ctx != c.file.Context || m.stride > 0 || m.all {
		return usageErrorf("%s brings its own text, in windows of %d tokens, second halves scored: leave out -f, -p, -c, --stride and --all",
			c.fileName, c.file.Context)
	}
	c.name, c.tokens, c.policy = c.fileName, c.file.Tokens, c.file.Policy()
	c.policy.Chunks = m.chunks
	c.policy.BOS, c.policy.BOSID = e.model.Tokenizer.AddBOS(), e.model.Tokenizer.BOS()
	return nil
}

// evaluate compares the models and returns the report.
func (c *comparison) evaluate(ctx context.Context) (*eval.Report, error) {
	c.u.notef("%s: %d tokens; %d %s", c.name, len(c.tokens), len(c.windows), c.policy)
	var files evalFiles
	defer files.abort()
	var save *eval.LogitsWriter
	if c.o.save != "" {
		var err error
		save, err = files.logits(c.o.save, c.policy.Context, c.base.model.Config.VocabSize, c.tokens, len(c.windows))
		if err != nil {
			return nil, err
		}
	}
	threads := c.pool.Threads()
	base := eval.Base(nil)
	if c.file != nil {
		base = eval.NewFileBase(c.file)
	} else {
		base = eval.NewBase(func() (eval.Session, error) { return c.open(c.base) }, threads, save)
	}
	var models []eval.Opener
	for _, e := range c.others {
		models = append(models, func() (eval.Session, error) { return c.open(e) })
	}
	progress := c.newProgress()
	results, err := eval.Compare(ctx, base, models, c.windows, eval.CompareOptions{
		Threads: threads, TempDir: c.tmp, Begin: progress.begin,
		Done: func(p eval.CompareProgress) error {
			progress.last = p
			return ctx.Err()
		},
	})
	c.u.clearStatus()
	if err != nil {
		return nil, err
	}
	if err := files.commit(); err != nil {
		return nil, err
	}
	return c.report(ctx, base, results)
}
