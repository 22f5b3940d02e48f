package measure

import (
	"fmt"
	"strings"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/eval"
)

// comparisonProgress shows how far a comparison has got, model by model: a
// window of a large model takes minutes.
type comparisonProgress struct {
	c      *comparison
	report func(p eval.Progress, line string)
	clock  func() time.Duration
	last   eval.CompareProgress // after the last whole window
}

// newProgress returns what shows the comparison's progress.
func (c *comparison) newProgress() *comparisonProgress {
	return &comparisonProgress{c: c, report: progressLine(c.u), clock: startClock()}
}

// begin says that a window of a model begins; -1 is the base.
func (p *comparisonProgress) begin(window, model int) {
	models := len(p.c.others)
	if p.c.base != nil {
		models, model = models+1, model+1
	} else if model < 0 {
		return // reading a file takes no time
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

// running describes the result so far.
func (p *comparisonProgress) running() string {
	text := fmt.Sprintf("PPL %.4f, mean KLD", p.last.PPL.Value)
	for i, kld := range p.last.KLD {
		text += fmt.Sprintf(" %s %.5f", strings.TrimSuffix(p.c.others[i].Name(), ".gguf"), kld.Value)
	}
	return text
}

// patientReport is how often progress is reported where there is no terminal.
const patientReport = 10 * time.Second

// progress returns what reports how far an evaluation has got, in windows or
// other things.
func progress(u *ui.UI, thing string) func(p eval.Progress, text string) {
	report := progressLine(u)
	return func(p eval.Progress, text string) {
		report(p, fmt.Sprintf("%s %d of %d: %s%s", thing, p.Window, p.Windows, text, timeLeft(p)))
	}
}

// timeLeft says how much longer an evaluation will take, once that is known.
func timeLeft(p eval.Progress) string {
	if left := p.Left().Round(time.Second); p.Window > 0 && left > 0 {
		return fmt.Sprintf(", %v left", left)
	}
	return ""
}

// progressLine returns what shows a line about an evaluation: on the status
// line, or without a terminal now and then.
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

// startClock returns what tells the time since.
func startClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
