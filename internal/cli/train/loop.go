package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"time"

	"alpaca/internal/machine"
	"alpaca/internal/train"
)

// Intervals in time.
const (
	saveInterval = 5 * time.Minute  // between checkpoints, without --save-every
	lineInterval = 30 * time.Second // between lines of progress, if stderr is not a terminal
)

// entry is a line of the journal about an update.
type entry struct {
	Step    int     `json:"step"`
	Epoch   float64 `json:"epoch"`
	Tokens  int64   `json:"tokens"`
	Labels  int64   `json:"labels"`
	Loss    finite  `json:"loss"`
	LR      float64 `json:"lr"`
	Norm    finite  `json:"grad_norm"`
	Clipped bool    `json:"clipped"`
	Skipped bool    `json:"skipped,omitempty"`
	Rate    float64 `json:"tok_s"`
	Seconds float64 `json:"seconds"`
	RSS     int64   `json:"rss"`
}

// evaluation is a line of the journal about the held-out examples.
type evaluation struct {
	Step       int    `json:"step"`
	EvalLoss   finite `json:"eval_loss"`
	Perplexity finite `json:"eval_perplexity"`
	Labels     int    `json:"eval_labels"`
}

// progress is the state of the status line, the checkpoints and the journal.
type progress struct {
	began     time.Time
	tokens    int64 // number of tokens in the updates since began
	lastSave  time.Time
	lastLine  time.Time
	sinceSave int // updates since lastSave
	journal   *journal
}

// train makes the remaining updates and writes the output.
func (j *job) train(ctx context.Context) error {
	if err := os.MkdirAll(j.dir, 0o777); err != nil {
		return err
	}
	// Nearly all memory of a run stays in use. By default, Go would let the heap grow to twice that
	// size before it collects garbage.
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	debug.FreeOSMemory() // frees the memory that reading the data took
	t := j.trainer
	log, err := openJournal(j.dir, t.State.Update)
	if err != nil {
		return err
	}
	defer log.file.Close()
	now := time.Now()
	p := &progress{began: now, lastSave: now, lastLine: now, journal: log}
	if t.State.Update == 0 {
		j.record.BestEval = math.NaN()
		if err := j.evaluate(p); err != nil {
			return err
		}
		if err := j.sample(ctx, p); err != nil {
			return err
		}
	} else {
		j.u.Notef("resuming after update %d", t.State.Update)
	}
	for !j.done() {
		if ctx.Err() != nil {
			return j.interrupted(ctx)
		}
		if err := j.update(p); err != nil {
			return err
		}
		if err := j.sample(ctx, p); err != nil && ctx.Err() == nil {
			return err
		}
	}
	j.u.ClearStatus()
	if err := j.save(); err != nil {
		return err
	}
	return j.finish(ctx)
}

// done reports whether the last update has been made: the last one of the plan, or the one that
// --stop-after names.
func (j *job) done() bool {
	return j.trainer.Done() || j.stopAfter > 0 && j.trainer.State.Update >= j.stopAfter
}

// interrupted saves a checkpoint and tells the user how to resume the run.
func (j *job) interrupted(ctx context.Context) error {
	j.u.ClearStatus()
	if err := j.save(); err != nil {
		return err
	}
	j.u.Notef("saved after update %d of %d; resume with: alpaca train --resume %s", j.trainer.State.Update, j.trainer.Totals.Updates, j.dir)
	return ctx.Err()
}

// update makes one update. Then it measures the held-out examples and saves a checkpoint, if
// these are due.
func (j *job) update(p *progress) error {
	start := time.Now()
	t := j.trainer
	step, err := t.Step()
	if err != nil && !errors.Is(err, train.ErrDiverged) {
		return err
	}
	took := time.Since(start).Seconds()
	p.tokens += int64(step.Tokens)
	p.sinceSave++
	j.record.Losses = append(j.record.Losses, float32(step.Loss))
	memory := machine.ReadMemory()
	line := entry{Step: step.Update, Epoch: step.Epoch, Tokens: t.State.Tokens, Labels: t.State.Labels, Loss: finite(step.Loss), LR: step.Rate,
		Norm: finite(step.Norm), Clipped: step.Clipped, Skipped: step.Skipped, Rate: float64(step.Tokens) / max(took, 1e-9), Seconds: took, RSS: memory.Own + memory.Mapped}
	if logErr := p.journal.add(line); err == nil {
		err = logErr
	}
	if err != nil {
		return err // without a new checkpoint, so the last one stays
	}
	if step.Skipped {
		j.u.Warnf("update %d is skipped: loss %v, gradient norm %v", step.Update, step.Loss, step.Norm)
	}
	j.show(p, &step)
	if j.done() || step.Update%j.evalEvery() == 0 {
		if err := j.evaluate(p); err != nil {
			return err
		}
	}
	if due := time.Since(p.lastSave) >= saveInterval; !j.done() && (j.saveEvery > 0 && p.sinceSave >= j.saveEvery || j.saveEvery == 0 && due) {
		if err := j.save(); err != nil {
			return err
		}
		p.lastSave, p.sinceSave = time.Now(), 0
	}
	return nil
}

// evalEvery returns the number of updates between two measurements of the held-out examples.
func (j *job) evalEvery() int {
	if j.EvalEvery > 0 {
		return j.EvalEvery
	}
	return max(1, j.trainer.Totals.Updates/20)
}

// evaluate measures the held-out examples.
func (j *job) evaluate(p *progress) error {
	if len(j.heldOut) == 0 {
		return nil
	}
	loss, labels, err := j.trainer.Evaluate(j.heldOut)
	if err != nil {
		return err
	}
	step := j.trainer.State.Update
	j.record.Evals = append(j.record.Evals, float32(step), float32(loss))
	if !(j.record.BestEval <= loss) {
		j.record.BestEval = loss
	}
	return p.journal.add(evaluation{Step: step, EvalLoss: finite(loss), Perplexity: finite(math.Exp(loss)), Labels: labels})
}

// show shows the user the progress.
func (j *job) show(p *progress, step *train.Step) {
	t := j.trainer
	perSecond := float64(p.tokens) / max(time.Since(p.began).Seconds(), 1e-9)
	left := time.Duration(float64(t.Totals.Tokens-int(t.State.Tokens)) / max(perSecond, 1e-9) * float64(time.Second))
	eval := ""
	if n := len(j.record.Evals); n > 0 {
		eval = fmt.Sprintf(" (eval %.3f)", j.record.Evals[n-1])
	}
	text := fmt.Sprintf("%d/%d  epoch %.2f  loss %.3f%s  lr %.2g  |g| %.2f  %s tok/s  ETA %s", step.Update, t.Totals.Updates, step.Epoch, step.Loss, eval,
		step.Rate, step.Norm, rate(perSecond), clock(max(left, 0)))
	if j.u.ErrTTY {
		j.u.Statusf("%s", text)
	} else if time.Since(p.lastLine) >= lineInterval || j.done() {
		p.lastLine = time.Now()
		j.u.Notef("%s", text)
	}
}
