package measure

import (
	"fmt"
	"strings"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
)

// comparisonProgress shows the progress of a comparison. It is updated for each model of a
// window, because a large model takes minutes for a window.
type comparisonProgress struct {
	c      *comparison
	report func(p eval.Progress, line string)
	clock  func() time.Duration
	last   eval.CompareProgress // the result after the last window that all models have evaluated
}

// newProgress returns the progress of c, and starts its clock.
func (c *comparison) newProgress() *comparisonProgress {
	return &comparisonProgress{c: c, report: progressLine(c.u), clock: startClock()}
}

// begin shows that a model begins a window. model -1 is the base.
func (p *comparisonProgress) begin(window, model int) {
	models := len(p.c.others)
	if p.c.base != nil {
		models, model = models+1, model+1
	} else if model < 0 {
		return // the base is a logits file, which takes hardly any time
	}
	line := fmt.Sprintf("window %d of %d", window+1, len(p.c.windows))
	if models > 1 {
		line += fmt.Sprintf(", model %d of %d", model+1, models)
	}
	at := eval.Progress{Window: window*models + model, Windows: len(p.c.windows) * models, Elapsed: p.clock()}
	line += timeLeft(at)
	if p.last.Window > 0 {
		line += ": " + p.running()
	}
	p.report(at, line)
}

// running returns the result so far as text.
func (p *comparisonProgress) running() string {
	text := fmt.Sprintf("PPL %.4f, mean KLD", p.last.PPL.Value)
	for i, kld := range p.last.KLD {
		text += fmt.Sprintf(" %s %.5f", strings.TrimSuffix(p.c.others[i].Name(), ".gguf"), kld.Value)
	}
	return text
}

// patientReport is the time between two reports if stderr is not a terminal.
const patientReport = 10 * time.Second

// progress returns a function that reports the progress of an evaluation. thing names what is
// counted, such as "window".
func progress(u *ui.UI, thing string) func(p eval.Progress, text string) {
	report := progressLine(u)
	return func(p eval.Progress, text string) {
		report(p, fmt.Sprintf("%s %d of %d: %s%s", thing, p.Window, p.Windows, text, timeLeft(p)))
	}
}

// timeLeft returns the time left as text, or "" if it is not known yet.
func timeLeft(p eval.Progress) string {
	if left := p.Left().Round(time.Second); p.Window > 0 && left > 0 {
		return fmt.Sprintf(", %v left", left)
	}
	return ""
}

// progressLine returns a function that shows a line about an evaluation. On a terminal, this is the
// status line; elsewhere, it is a message every patientReport.
func progressLine(u *ui.UI) func(p eval.Progress, line string) {
	var last time.Time
	return func(p eval.Progress, line string) {
		switch {
		case p.Window == p.Windows:
			u.ClearStatus()
		case u.ErrTTY:
			u.Statusf("%s", line)
		case last.IsZero() || time.Since(last) >= patientReport:
			last = time.Now()
			u.Notef("%s", line)
		}
	}
}

// startClock returns a function that returns the time since the call of startClock.
func startClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
