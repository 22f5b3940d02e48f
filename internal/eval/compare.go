package eval

import (
	"context"
	"fmt"
	"time"

	"alpaca/internal/logits"
)

// CompareOptions are the settings of Compare.
type CompareOptions struct {
	Threads int                         // for scoring; 0: one
	TempDir string                      // folder of the temporary file; "": the system's folder
	Begin   func(window, model int)     // if not nil, called before each window of each model; model -1 is the base
	Done    func(CompareProgress) error // if not nil, called after every window

	keep int // the largest number of bytes of logits in memory, for tests; 0: keptBytes
}

// CompareProgress is the progress of a comparison.
type CompareProgress struct {
	Progress            // PPL is the base's perplexity
	KLD      []Estimate // mean KL divergence of each model, over the tokens scored so far
}

// CompareResult is the result for one model.
type CompareResult struct {
	Divergence
	Eval time.Duration // time in the model
}

// Compare compares models with a base. For each window it evaluates the base, then one model after
// the other. Only one session and a part of a window's logits (see kept) are in memory at a time.
func Compare(ctx context.Context, base Base, models []Opener, windows []Window, opt CompareOptions) ([]CompareResult, error) {
	c := &comparer{
		base: base, opt: opt, start: time.Now(), rows: newRows(opt.Threads, nil),
		kept: newKept(opt.TempDir, opt.keep, base.normalized()),
	}
	defer c.kept.close()
	for _, open := range models {
		c.models = append(c.models, &candidate{open: open, minLogprob: base.minLogprob()})
	}
	for i := range windows {
		if err := c.window(ctx, i, &windows[i]); err != nil {
			return nil, err
		}
		if err := c.report(i+1, len(windows)); err != nil {
			return nil, err
		}
	}
	results := make([]CompareResult, len(c.models))
	for i, m := range c.models {
		results[i] = CompareResult{summarize(m.all), m.eval}
	}
	return results, nil
}

// comparer is the state of Compare.
type comparer struct {
	base   Base
	models []*candidate
	opt    CompareOptions
	start  time.Time
	kept   *kept // the base's predictions of the current window
	rows   *rows // rows of the current model
}

// window evaluates window i with every model.
func (c *comparer) window(ctx context.Context, i int, w *Window) error {
	begin := c.opt.Begin
	if begin == nil {
		begin = func(int, int) {}
	}
	begin(i, -1)
	if err := c.base.window(ctx, w, c.kept); err != nil {
		return err
	}
	for k, m := range c.models {
		begin(i, k)
		if err := m.window(ctx, c.rows, w, c.kept); err != nil {
			return err
		}
	}
	return nil
}

// report calls Done. The parameter done is the number of windows that are done, and the parameter
// of is the number of all windows.
func (c *comparer) report(done, of int) error {
	if c.opt.Done == nil || len(c.models) == 0 {
		return nil
	}
	p := CompareProgress{Progress: Progress{Window: done, Windows: of, Elapsed: time.Since(c.start)}}
	for _, m := range c.models {
		klds := make([]float64, len(m.all))
		for i, d := range m.all {
			klds[i] = d.kld
		}
		p.KLD = append(p.KLD, mean(klds))
	}
	nlls := make([]float64, len(c.models[0].all))
	for i, d := range c.models[0].all {
		nlls[i] = d.baseNLL
	}
	p.PPL = mean(nlls).exp()
	return c.opt.Done(p)
}

// candidate is one model of a comparison.
type candidate struct {
	open       Opener
	minLogprob float64           // see minLogprob in Base
	all        []tokenDivergence // divergences of all tokens scored so far
	eval       time.Duration
}

// window evaluates a window and compares it with the base's predictions in base.
func (m *candidate) window(ctx context.Context, rows *rows, w *Window, base *kept) error {
	return withSession(m.open, func(s Session) error { return m.evaluate(ctx, s, rows, w, base) })
}

// evaluate evaluates a window with a session.
func (m *candidate) evaluate(ctx context.Context, s Session, rows *rows, w *Window, base *kept) error {
	next, scores := w.Tokens[w.First+1:], make([]tokenDivergence, w.Scored())
	errs := make([]error, len(scores))
	rows.restart()
	rows.score = func(row int, raw []float32) {
		model := logits.NewLogprobs(raw)
		errs[row] = base.with(row, func(dist logits.Logprobs) {
			scores[row] = diverge(dist, model, m.minLogprob, next[row])
		})
	}
	start, spent := time.Now(), rows.spent
	err := evalScored(ctx, s, w, w.First, func(_ int, logits []float32) error {
		if len(logits) != base.vocab {
			return fmt.Errorf("eval: the model has a vocabulary of %d tokens, but the base has one of %d", len(logits), base.vocab)
		}
		return rows.add(logits)
	})
	if err == nil {
		err = rows.flush()
	}
	m.eval += time.Since(start) - (rows.spent - spent)
	if err != nil {
		return err
	}
	for i, d := range scores {
		switch {
		case errs[i] != nil:
			return errs[i]
		case !d.finite():
			return errNotNumbers(w.First + i)
		}
	}
	m.all = append(m.all, scores...)
	return nil
}
