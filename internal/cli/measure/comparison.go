package measure

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/tokenizer"
)

// comparison is the state of a comparison.
type comparison struct {
	o    *compareOptions
	u    *ui.UI
	pool *pool.Pool
	tmp  string // folder for temporary files; "": the system's folder

	base     *load.Instance     // base of the comparison; nil if the base is a logits file
	file     *eval.LogitsReader // reader of the base's logits file; nil if the base is a model
	fileName string
	source   *os.File // the open file at fileName; nil if the base is a model
	others   []*load.Instance

	name    string // name of the text
	policy  eval.Policy
	tokens  []int32
	windows []eval.Window
}

// close closes the models, the logits file and the pool.
func (c *comparison) close() {
	for _, e := range c.others {
		e.Close()
	}
	if c.base != nil {
		c.base.Close()
	}
	if c.source != nil {
		c.source.Close()
	}
	c.pool.Close()
}

// parts returns the names of all files of the models.
func (c *comparison) parts() (paths []string) {
	for _, e := range append([]*load.Instance{c.base}, c.others...) {
		if e != nil {
			paths = append(paths, e.Model.File.Parts...)
		}
	}
	return paths
}

// openBase opens the base at path, which is a model or a logits file.
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
	c.base, err = c.o.measure.load.Open(c.u, path)
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
		return ui.Usagef("--kl-divergence-base: the base is already a file of log probabilities")
	}
	c.file, err = eval.NewLogitsReader(c.source, st.Size())
	return err
}

// openOther opens a model and checks that it has the base's vocabulary.
func (c *comparison) openOther(path string) error {
	e, err := c.o.measure.load.Open(c.u, path)
	if err != nil {
		return err
	}
	c.others = append(c.others, e)
	if c.base == nil {
		if e.Model.Config.VocabSize != c.file.Vocab {
			return fmt.Errorf("%s has a vocabulary of %d tokens, but %s has one of %d", e.Path, e.Model.Config.VocabSize, c.fileName, c.file.Vocab)
		}
		return nil
	}
	return sameVocabulary(c.base, e)
}

// sameVocabulary returns nil if two models have the same vocabulary.
// Otherwise the error names the first token that differs.
func sameVocabulary(a, b *load.Instance) error {
	at, bt := a.Model.Tokenizer, b.Model.Tokenizer
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
		return fmt.Errorf("the vocabularies differ: token %d is %s in %s and %s in %s", id, describe(at), a.Path, describe(bt), b.Path)
	}
	if a.Model.Config.VocabSize != b.Model.Config.VocabSize {
		return fmt.Errorf("the vocabularies differ: %s predicts %d tokens, but %s predicts %d",
			a.Path, a.Model.Config.VocabSize, b.Path, b.Model.Config.VocabSize)
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
		c.name, c.tokens = name, c.o.measure.encode(reader.Model.Tokenizer, text)
		if c.policy, err = c.o.measure.policy(reader.Model); err != nil {
			return err
		}
	}
	if c.windows, err = c.o.measure.windows(c.policy, c.tokens); err != nil {
		return err
	}
	for _, e := range c.others {
		if n := e.Model.Config.TrainCtx; c.policy.Length() > n && !c.o.measure.long {
			return ui.WithHint(fmt.Errorf("windows of %d tokens are longer than the context of %d tokens that %s was trained for", c.policy.Length(), n, e.Path),
				"--allow-long-context accepts such windows")
		}
	}
	return nil
}

// open starts a session with a model.
func (c *comparison) open(e *load.Instance) (eval.Session, error) {
	if err := c.start(e); err != nil {
		return nil, err
	}
	return temporary{e.Session, e}, nil
}

// temporary is a model's session. Its Close frees the session's memory for the next model.
type temporary struct {
	*model.Session
	of *load.Instance
}

// Close ends the session.
func (t temporary) Close() error {
	t.of.Stop()
	return nil
}

// start gives a model a session.
func (c *comparison) start(e *load.Instance) error {
	return c.o.measure.start(e, c.policy.Length(), c.pool)
}

// divideFile takes the text and the windows from the logits file.
func (c *comparison) divideFile(e *load.Instance) error {
	m := &c.o.measure
	if m.prompt.Flags.Changed("prompt") || m.prompt.File != "" || m.load.Ctx != 0 && m.load.Ctx != c.file.Context || m.stride > 0 || m.all {
		return ui.Usagef("%s contains its text, in windows of %d tokens whose second halves are scored: leave out -f, -p, -c, --stride and --all",
			c.fileName, c.file.Context)
	}
	c.name, c.tokens, c.policy = c.fileName, c.file.Tokens, c.file.Policy()
	c.policy.Chunks = m.chunks
	c.policy.BOS, c.policy.BOSID = e.Model.Tokenizer.AddBOS(), e.Model.Tokenizer.BOS()
	return nil
}

// evaluate compares the models and returns the report.
func (c *comparison) evaluate(ctx context.Context) (*eval.Report, error) {
	c.u.Notef("%s: %d tokens; %d %s", c.name, len(c.tokens), len(c.windows), c.policy)
	var files evalFiles
	defer files.abort()
	var save *eval.LogitsWriter
	if c.o.save != "" {
		var err error
		save, err = files.logits(c.o.save, c.policy.Context, c.base.Model.Config.VocabSize, c.tokens, len(c.windows))
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
	c.u.ClearStatus()
	if err != nil {
		return nil, err
	}
	if err := files.commit(); err != nil {
		return nil, err
	}
	return c.report(ctx, base, results)
}
