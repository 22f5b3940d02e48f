package eval

import (
	"context"
	"fmt"
	"time"

	"alpaca/internal/sampler"
)

// segmentTokens is how many tokens of a window the models read in turns: the
// base's logits of so many are kept, 64 MB for a vocabulary of 32000.
const segmentTokens = 512

// CompareOptions are the settings of Compare.
type CompareOptions struct {
	Threads int                         // that score; 0: one
	Done    func(CompareProgress) error // unless nil, is called after every window
}

// CompareProgress is how far a comparison has got.
type CompareProgress struct {
	Progress            // PPL is the base's
	KLD      []Estimate // mean of each model so far
}

// Compared is the outcome for one model.
type Compared struct {
	Comparison
	Eval time.Duration // in the model
}

// Compare evaluates models beside a base, window by window, so that no more
// than a part of a window's logits is kept at a time.
func Compare(ctx context.Context, base Base, models []Session, windows []Window, opt CompareOptions) ([]Compared, error) {
	c := &comparing{base: base, opt: opt, start: time.Now()}
	for _, s := range models {
		c.models = append(c.models, newCompared(s, opt.Threads, base.least()))
	}
	for i := range windows {
		if err := c.window(ctx, &windows[i]); err != nil {
			return nil, err
		}
		if err := c.report(i+1, len(windows)); err != nil {
			return nil, err
		}
	}
	results := make([]Compared, len(c.models))
	for i, m := range c.models {
		results[i] = Compared{compare(m.all), m.eval}
	}
	return results, nil
}

// comparing is the state of Compare.
type comparing struct {
	base   Base
	models []*compared
	opt    CompareOptions
	start  time.Time
}

// window evaluates a window with every model, a segment at a time.
func (c *comparing) window(ctx context.Context, w *Window) error {
	for from := 0; from < len(w.Tokens); from += segmentTokens {
		to := min(from+segmentTokens, len(w.Tokens))
		dists, err := c.base.segment(ctx, w, from, to)
		if err != nil {
			return err
		}
		for _, m := range c.models {
			if err := m.segment(ctx, w, from, to, dists); err != nil {
				return err
			}
		}
	}
	return nil
}

// report tells how far it has got after done windows.
func (c *comparing) report(done, of int) error {
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

// compared is one model of a comparison.
type compared struct {
	session Session
	least   float64 // see Base
	rows    *rows
	all     []divergence // of all tokens scored so far
	eval    time.Duration

	// Of the segment at work:
	dists  []sampler.Logprobs // the base's predictions
	next   []int32            // the tokens predicted
	scores []divergence
}

// newCompared returns a model with nothing scored.
func newCompared(s Session, threads int, least float64) *compared {
	m := &compared{session: s, least: least}
	m.rows = newRows(threads, m.score)
	return m
}

// score compares the segment's row-th prediction.
func (m *compared) score(row int, logits []float32) {
	m.scores[row] = diverge(m.dists[row], sampler.NewLogprobs(logits), m.least, m.next[row])
}

// segment goes on with the window's tokens [from, to), of which the base made
// the predictions dists.
func (m *compared) segment(ctx context.Context, w *Window, from, to int, dists []sampler.Logprobs) error {
	if from == 0 {
		m.session.Truncate(0)
	}
	first, end := w.span(from, to)
	m.dists, m.next, m.scores = dists, w.Tokens[first+1:end+1], make([]divergence, end-first)
	m.rows.restart()
	start, spent := time.Now(), m.rows.spent
	err := m.session.EvalEach(ctx, w.Tokens[from:to], first-from, func(i int, logits []float32) error {
		switch {
		case from+i < first || from+i >= end:
			return nil // not scored; nothing follows the last token
		case len(logits) != dists[0].Len():
			return fmt.Errorf("eval: a model with a vocabulary of %d beside a base with %d", len(logits), dists[0].Len())
		}
		return m.rows.add(logits)
	})
	if err == nil {
		err = m.rows.flush()
	}
	m.eval += time.Since(start) - (m.rows.spent - spent)
	if err != nil {
		return err
	}
	for i, d := range m.scores {
		if !d.finite() {
			return errNotNumbers(first + i)
		}
	}
	m.all = append(m.all, m.scores...)
	return nil
}
