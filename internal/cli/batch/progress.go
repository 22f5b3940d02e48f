package batch

import (
	"fmt"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/jobs"
)

// progress shows the user the progress of a run.
type progress struct {
	ui    *ui.UI
	out   *jobs.Output
	total int                 // number of requests; 0: not known
	stats func() engine.Stats // statistics of the engine; nil: the workers of a queue answer

	start  time.Time
	before int       // results at the start
	told   time.Time // when the last line was written
}

// interval is the time between two lines if stderr is not a terminal with a status line.
const interval = time.Minute

func (p *progress) begin() {
	p.start, p.before, p.told = time.Now(), p.out.Done, time.Now()
	if p.before > 0 {
		p.ui.Notef("%s are already there", p.count())
	}
}

// count returns a text that says how many results there are.
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

// text returns the status.
func (p *progress) text() string {
	text := p.count() + ", " + p.rates()
	if now := p.out.Done - p.before; p.total > 0 && now > 0 {
		left := time.Since(p.start) / time.Duration(now) * time.Duration(p.total-p.out.Done)
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text
}

// rates returns the speed as text: tokens per second, or results per second if other machines
// answer.
func (p *progress) rates() string {
	if p.stats == nil {
		return fmt.Sprintf("%.2f a second", float64(p.out.Done-p.before)/max(time.Since(p.start).Seconds(), 1e-3))
	}
	s, seconds := p.stats(), time.Since(p.start).Seconds()
	rate := func(n int64) float64 { return float64(n) / max(seconds, 1e-3) }
	return fmt.Sprintf("%.0f prompt tokens/s (%.0f more from the cache), %.0f generated/s", rate(s.PromptTokens), rate(s.CachedTokens), rate(s.GeneratedTokens))
}

// end shows the user what the run has done.
func (p *progress) end() {
	p.ui.ClearStatus()
	if now := p.out.Done - p.before; now > 0 {
		p.ui.Notef("%d requests in %v: %s", now, time.Since(p.start).Round(10*time.Millisecond), p.rates())
	}
}
