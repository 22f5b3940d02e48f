package main

import (
	"fmt"
	"strings"
	"time"

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
	return &comparisonProgress{c: c, report: c.u.progressLine(), clock: startClock()}
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
		text += fmt.Sprintf(" %s %.5f", strings.TrimSuffix(p.c.others[i].name(), ".gguf"), kld.Value)
	}
	return text
}
