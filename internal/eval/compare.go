package eval

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"alpaca/internal/sampler"
)

// segmentTokens is how many tokens of a window the models read in turns: the
// base's logits of so many are kept, 64 MB for a vocabulary of 32000.
const segmentTokens = 512

// Opener starts a session with a model. Where the session has a method Close,
// it is called when a window is done.
type Opener func() (Session, error)

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
// than a part of a window's logits is kept at a time, and no more than one
// model's session where a window is no longer than a segment.
func Compare(ctx context.Context, base Base, models []Opener, windows []Window, opt CompareOptions) ([]Compared, error) {
	c := &comparing{base: base, opt: opt, start: time.Now(), rows: newRows(opt.Threads, nil)}
	for _, open := range models {
		c.models = append(c.models, &compared{open: open, least: base.least()})
	}
	defer c.close()
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
	rows   *rows // of the model at work
}

// close ends the sessions that an error left open.
func (c *comparing) close() {
	for _, m := range c.models {
		m.close()
	}
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
			if err := m.segment(ctx, c.rows, w, from, to, dists); err != nil {
				return err
			}
			if to == len(w.Tokens) {
				m.close()
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
	open    Opener
	session Session      // nil between windows
	least   float64      // see Base
	all     []divergence // of all tokens scored so far
	eval    time.Duration
}

// close ends the session.
func (m *compared) close() {
	if closer, ok := m.session.(io.Closer); ok {
		closer.Close()
		m.session = nil
		// The next session, which will be as large, is to find room.
		runtime.GC()
	}
	m.session = nil
}

// segment goes on with the window's tokens [from, to), of which the base made
// the predictions dists.
func (m *compared) segment(ctx context.Context, rows *rows, w *Window, from, to int, dists []sampler.Logprobs) (err error) {
	if from == 0 {
		if m.session, err = m.open(); err != nil {
			return err
		}
		m.session.Truncate(0)
	}
	first, end := w.span(from, to)
	next, scores := w.Tokens[first+1:end+1], make([]divergence, end-first)
	rows.restart()
	rows.score = func(row int, logits []float32) {
		scores[row] = diverge(dists[row], sampler.NewLogprobs(logits), m.least, next[row])
	}
	start, spent := time.Now(), rows.spent
	err = m.session.EvalEach(ctx, w.Tokens[from:to], first-from, func(i int, logits []float32) error {
		switch {
		case from+i < first || from+i >= end:
			return nil // not scored; nothing follows the last token
		case len(logits) != dists[0].Len():
			return fmt.Errorf("eval: a model with a vocabulary of %d beside a base with %d", len(logits), dists[0].Len())
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
		if !d.finite() {
			return errNotNumbers(first + i)
		}
	}
	m.all = append(m.all, scores...)
	return nil
}
