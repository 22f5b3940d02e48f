package eval

import (
	"context"
	"time"

	"alpaca/internal/logits"
)

// Scored is a token of the text with the model's prediction of it.
type Scored struct {
	Window  int // index of the token's window
	Pos     int // position of the token in the window
	ID      int32
	Logprob float64 // natural logarithm of the token's probability
	Rank    int     // 1 for the most likely token; 0 without Options.Ranks
}

// Options are the settings of an evaluation.
type Options struct {
	Threads int // for scoring; 0: one

	// Whole makes the model compute all layers even for the positions before a window's first
	// scored position. An importance matrix needs Whole, because the matrix covers all of the text.
	Whole bool

	Ranks bool                 // set Scored.Rank
	Each  func(Scored) error   // if not nil, called with every scored token, in order
	Base  *LogitsWriter        // if not nil, gets the logits at all scored positions
	Done  func(Progress) error // if not nil, called after every window
}

// Progress is the progress of an evaluation.
type Progress struct {
	Window, Windows int
	PPL             Estimate // perplexity so far
	Elapsed         time.Duration
}

// Left estimates the remaining time.
func (p Progress) Left() time.Duration {
	return p.Elapsed / time.Duration(max(p.Window, 1)) * time.Duration(p.Windows-p.Window)
}

// Perplexity is the result of an evaluation.
type Perplexity struct {
	PPL     Estimate // exp(NLL)
	NLL     Estimate // mean negative log probability of the scored tokens, in nats
	Scored  int      // tokens
	Tokens  int      // tokens that the model evaluated
	Windows int
	Eval    time.Duration // time in the model
	Score   time.Duration // time computing probabilities
}

// MeasurePerplexity evaluates windows and returns the perplexity. As in llama.cpp, every window
// begins with an empty context.
func MeasurePerplexity(ctx context.Context, s Session, windows []Window, opt Options) (Perplexity, error) {
	m := &measurement{opt: opt, session: s, windows: windows, start: time.Now()}
	m.rows = newRows(opt.Threads, m.score)
	if opt.Base != nil {
		m.rows.flushed = m.writeBase
	}
	for i := range windows {
		if err := m.window(ctx, i); err != nil {
			return Perplexity{}, err
		}
	}
	return m.result(), nil
}

// measurement is the state of MeasurePerplexity.
type measurement struct {
	opt     Options
	session Session
	windows []Window
	rows    *rows
	start   time.Time

	current []Scored  // scored tokens of the current window
	nll     []float64 // negative log probabilities in all windows before the current one
	tokens  int
	encoded [rowsAtOnce][]byte // rows of the logits file, by row number modulo rowsAtOnce
}

// window evaluates window i and reports its scores.
func (m *measurement) window(ctx context.Context, i int) error {
	w := &m.windows[i]
	m.current = make([]Scored, w.Scored())
	for k := range m.current {
		m.current[k] = Scored{Window: i, Pos: w.First + 1 + k, ID: w.Tokens[w.First+1+k]}
	}
	m.rows.restart()
	from := w.First
	if m.opt.Whole {
		from = 0
	}
	err := evalScored(ctx, m.session, w, from, func(_ int, logits []float32) error { return m.rows.add(logits) })
	if err == nil {
		err = m.rows.flush()
	}
	if err != nil {
		return err
	}
	m.tokens += len(w.Tokens)
	return m.report(i)
}

// score sets the probability and the rank in m.current[row]. row counts the window's scored tokens
// from 0.
func (m *measurement) score(row int, raw []float32) {
	t := &m.current[row]
	dist := logits.NewLogprobs(raw)
	t.Logprob = dist.Of(t.ID)
	if m.opt.Ranks {
		t.Rank = dist.Rank(t.ID)
	}
	if m.opt.Base != nil {
		slot := &m.encoded[row%rowsAtOnce]
		*slot = m.opt.Base.encode(*slot, raw)
	}
}

// writeBase writes rows to the logits file after they were scored.
func (m *measurement) writeBase(first, count int) error {
	for row := first; row < first+count; row++ {
		if err := m.opt.Base.write(m.encoded[row%rowsAtOnce]); err != nil {
			return err
		}
	}
	return nil
}

// report adds the scores of window i and calls Each and Done.
func (m *measurement) report(i int) error {
	for _, t := range m.current {
		if t.Logprob-t.Logprob != 0 {
			return errNotNumbers(t.Pos - 1)
		}
		m.nll = append(m.nll, -t.Logprob)
		if m.opt.Each != nil {
			if err := m.opt.Each(t); err != nil {
				return err
			}
		}
	}
	if m.opt.Done == nil {
		return nil
	}
	return m.opt.Done(Progress{i + 1, len(m.windows), mean(m.nll).exp(), time.Since(m.start)})
}

// result returns the result of all windows.
func (m *measurement) result() Perplexity {
	nll := mean(m.nll)
	return Perplexity{
		PPL: nll.exp(), NLL: nll, Scored: len(m.nll), Tokens: m.tokens, Windows: len(m.windows),
		Eval: time.Since(m.start) - m.rows.spent, Score: m.rows.spent,
	}
}
