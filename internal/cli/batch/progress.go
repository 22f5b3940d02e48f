package batch

import (
	"fmt"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/jobs"
)

// progress tells the user how far a run is.
type progress struct {
	ui    *ui.UI
	out   *jobs.Output
	total int                 // 0: not known
	stats func() engine.Stats // nil: other machines answer

	start  time.Time
	before int // results that were there
	told   time.Time
}

// interval is how often a line is written where there is no terminal to show a status on.
const interval = time.Minute

func (p *progress) begin() {
	p.start, p.before, p.told = time.Now(), p.out.Done, time.Now()
	if p.before > 0 {
		p.ui.Notef("%s are there already", p.count())
	}
}

// count says how many results there are.
func (p *progress) count() string {
	text := fmt.Sprintf("%d results", p.out.Done)
	if p.total > 0 {
		text = fmt.Sprintf("%d of %d results", p.out.Done, p.total)
	}
	if p.out.Failed > 0 {
		text += fmt.Sprintf(", %d with errors", p.out.Failed)
	}
	return text
}

// show is called after each result.
func (p *progress) show() {
	if !p.ui.ErrTTY {
		if time.Since(p.told) >= interval {
			p.told = time.Now()
			p.ui.Notef("%s", p.text())
		}
		return
	}
	p.ui.Statusf("%s", p.text())
}

// text is the status.
func (p *progress) text() string {
	text := p.count() + ", " + p.rates()
	if now := p.out.Done - p.before; p.total > 0 && now > 0 {
		left := time.Since(p.start) / time.Duration(now) * time.Duration(p.total-p.out.Done)
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}

// rates says how many tokens a second there were.
func (p *progress) rates() string {
	if p.stats == nil {
		return fmt.Sprintf("%.2f a second", float64(p.out.Done-p.before)/max(time.Since(p.start).Seconds(), 1e-3))
	}
	s, seconds := p.stats(), time.Since(p.start).Seconds()
	rate := func(n int64) float64 { return float64(n) / max(seconds, 1e-3) }
	return fmt.Sprintf("%.0f prompt tokens/s (%.0f more known from before), %.0f generated/s", rate(s.PromptTokens), rate(s.CachedTokens), rate(s.GeneratedTokens))
}

// end tells what was done.
func (p *progress) end() {
	p.ui.ClearStatus()
	if now := p.out.Done - p.before; now > 0 {
		p.ui.Notef("%d requests in %v: %s", now, time.Since(p.start).Round(10*time.Millisecond), p.rates())
	}
}
