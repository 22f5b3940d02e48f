package eval

import (
	"context"
	"time"

	"alpaca/internal/logits"
)

// Scored is a token of the text and what the model thought of it.
type Scored struct {
	Window  int // index of its window
	Pos     int // its position in the window
	ID      int32
	Logprob float64 // natural logarithm of the probability it was given
	Rank    int     // 1 for the likeliest; 0 unless asked for
}

// Options are the settings of an evaluation.
type Options struct {
	Threads int // that score; 0: one

	// Whole makes the model compute everything at the positions before a
	// window's first scored one, too: for an importance matrix, which is about
	// all of the text.
	Whole bool

	Ranks bool                 // set Scored.Rank
	Each  func(Scored) error   // unless nil, is given every scored token in order
	Base  *LogitsWriter        // unless nil, gets all logits
	Done  func(Progress) error // unless nil, is called after every window
}

// Progress is how far an evaluation has got.
type Progress struct {
	Window, Windows int
	PPL             Estimate // so far
	Elapsed         time.Duration
}

// Left returns how much longer it will take.
func (p Progress) Left() time.Duration {
	return p.Elapsed / time.Duration(max(p.Window, 1)) * time.Duration(p.Windows-p.Window)
}

// Perplexity is the outcome of an evaluation.
type Perplexity struct {
	PPL     Estimate // exp of the mean negative logarithm of the probabilities
	NLL     Estimate // that mean, in nats
	Scored  int      // tokens
	Tokens  int      // that the model read
	Windows int
	Eval    time.Duration // in the model
	Score   time.Duration // in computing probabilities
}

// Measure evaluates windows and returns the perplexity, llama.cpp's way: every
// window on its own, from an empty context.
func Measure(ctx context.Context, s Session, windows []Window, opt Options) (Perplexity, error) {
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

// measurement is the state of Measure.
type measurement struct {
	opt     Options
	session Session
	windows []Window
	rows    *rows
	start   time.Time

	current []Scored  // of the window at work
	nll     []float64 // of all windows before
	tokens  int
	encoded [rowsAtOnce][]byte // rows of the logits file, by row number modulo rowsAtOnce
}

// window evaluates window i and reports it.
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

// score sets the scores of the window's row-th scored token.
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

// report hands out the scores of window i.
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

// result sums up.
func (m *measurement) result() Perplexity {
	nll := mean(m.nll)
	return Perplexity{
		PPL: nll.exp(), NLL: nll, Scored: len(m.nll), Tokens: m.tokens, Windows: len(m.windows),
		Eval: time.Since(m.start) - m.rows.spent, Score: m.rows.spent,
	}
}
