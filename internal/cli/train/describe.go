package train

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/machine"
	"alpaca/internal/train"
)

// describe says what is going to happen: on stderr, or on stdout with --dry-run.
func (j *job) describe() {
	say := j.u.Notef
	if j.dryRun {
		say = func(format string, args ...any) { fmt.Fprintf(j.u.Out, format+"\n", args...) }
	}
	t := j.trainer
	m, totals := t.Model, t.Totals
	trained, all := train.Params(m.Trainable()), train.Params(m.Tensors())
	what := "all weights of " + j.name()
	switch {
	case j.Init != "":
		what = "a new model"
	case !j.Full:
		what = fmt.Sprintf("an adapter of rank %d for %s", m.Rank, j.name())
	}
	say("training %s: %s of %s parameters", what, ui.Count(int64(trained)), ui.Count(int64(all)))
	tokens, labels := 0, 0
	for i := range j.training {
		_, n := j.training[i].Weight()
		tokens += len(j.training[i].Tokens)
		labels += n
	}
	say("data: %d examples (%d held out, %d records not used, %d cut), %d tokens, %.1f %% of them learned",
		len(j.training), len(j.heldOut), j.badRecords(), j.examples.Cut, tokens, 100*float64(labels)/float64(max(tokens, 1)))
	say("updates: %d, each of %d rows; %d tokens in all; learning rate %g", totals.Updates, j.BatchSize, totals.Tokens, j.LR)
	need := m.Memory(j.MaxLength, j.micro, j.checkpointing)
	fit := ""
	if free := machine.FreeMemory(); free > 0 && need > free {
		fit = ": more than the " + ui.ByteCount(free) + " that are free"
	}
	say("memory: about %s%s", ui.ByteCount(need), fit)
	if j.dryRun {
		flops := m.FLOPs(totals.Tokens, totals.Tokens*labels/max(tokens, 1), tokens/max(len(j.training), 1))
		threads := float64(j.pool.Threads())
		const share = 0.6 // speed of a whole update, relative to that of matrix products
		took := time.Duration(flops / (train.Speed() * threads * share) * float64(time.Second))
		say("time: %.3g operations, about %v with %d threads", flops, roughly(took), j.pool.Threads())
	}
}

// roughly rounds an estimated time. It rounds a long time more coarsely than a short one.
func roughly(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Hour:
		return d.Round(time.Hour)
	case d > 10*time.Minute:
		return d.Round(time.Minute)
	case d > 10*time.Second:
		return d.Round(time.Second)
	}
	return d.Round(100 * time.Millisecond)
}

// clock returns a time as text, such as 1:02:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// rate returns tokens per second as a short text.
func rate(perSecond float64) string {
	if perSecond >= 1000 {
		return fmt.Sprintf("%.1fk", perSecond/1000)
	}
	return fmt.Sprintf("%.0f", perSecond)
}

// readme returns the text of the run's README.md, with results in it.
func (j *job) readme(results string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", strings.TrimSuffix(filepath.Base(j.Output), ".gguf"))
	if j.base != nil {
		fmt.Fprintf(&b, "- base: %s (SHA-256 %s)\n", j.name(), j.baseSum)
		if license, ok, _ := j.base.File.String("general.license"); ok {
			fmt.Fprintf(&b, "- licence of the base: %s\n", license)
		}
	}
	for i, f := range j.files {
		fmt.Fprintf(&b, "- data: %s (SHA-256 %s, %d records, %d not used)\n", filepath.Base(f.Path), f.SHA256, j.counts[i]+len(f.Bad), len(f.Bad))
	}
	s := &j.trainer.State
	fmt.Fprintf(&b, "- updates: %d of %d, %d tokens, %d of them learned\n", s.Update, j.trainer.Totals.Updates, s.Tokens, s.Labels)
	fmt.Fprintf(&b, "\n%s\nMade by `alpaca train` with\n\n```json\n%s\n```\n", results, j.record.Options)
	return b.String()
}
