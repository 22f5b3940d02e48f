package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/engine/drafter"
)

// Drafts are the flags of speculative decoding: where the drafts come from and how long they
// are. Answers do not depend on them.
type Drafts struct {
	types    []string
	path     string
	max, min int
	sure     float64
	always   bool
}

// draftTypes maps the words of --spec, with llama.cpp's names, to the kinds of drafts.
var draftTypes = map[string]string{
	"auto": "auto", "none": "none", "lookup": "lookup", "forced": "forced", "draft": "draft",
	"ngram-simple": "lookup", "ngram-mod": "lookup", "ngram-map-k": "lookup", "ngram-map-k4v": "lookup", "ngram-cache": "lookup",
	"draft-simple": "draft",
}

// AddFlags adds the flags, with llama.cpp's names.
func (o *Drafts) AddFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&o.types, "spec", []string{"auto"}, "`sources` of drafts: lookup (repeats of earlier text), forced (a grammar allows only one continuation), "+
		"draft (a small model), none, auto (all available). The model checks drafts, so only speed changes.")
	fs.StringVar(&o.path, "model-draft", "", "small model that makes drafts and has the same vocabulary: a `file` or a name")
	flags.AllowSingleDash(fs, "model-draft", "md")
	flags.AddInt(fs, &o.max, flags.Int{Name: "draft-max", Value: 32, Low: 1, High: 63}, "largest number of `tokens` in a draft")
	flags.AddInt(fs, &o.min, flags.Int{Name: "draft-min", High: 63}, "smallest number of `tokens` in a draft: shorter drafts are dropped")
	fs.Float64Var(&o.sure, "draft-p-min", 0.6, "smallest `probability` of a token in a draft of the small model")
	fs.BoolVar(&o.always, "draft-always", false, "check all drafts, even if that takes more time than it saves, to measure them")
}

// AddReplayFlags adds the flags of a command that reproduces a given text, with drafts that can
// be looked up in the text.
func (o *Drafts) AddReplayFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&o.types, "spec", nil, "measure how much time drafts save on the text of -f, in place of other tests; `sources` of drafts: lookup or auto")
	flags.AddInt(fs, &o.max, flags.Int{Name: "draft-max", Value: 32, Low: 1, High: 63}, "largest number of `tokens` in a draft, with --spec")
	fs.BoolVar(&o.always, "draft-always", false, "with --spec, check all drafts, even where that takes more time than it saves")
}

// CheckReplay returns a usage error if --spec names other sources than AddReplayFlags does.
func (o *Drafts) CheckReplay() error {
	for _, word := range o.types {
		if kind := draftTypes[word]; kind != "auto" && kind != "lookup" {
			return ui.Usagef("--spec %q: must be lookup or auto", word)
		}
	}
	return nil
}

// harmlessDrafts has the names of all flags of Drafts. Answers do not depend on these flags.
var harmlessDrafts = []string{"spec", "model-draft", "draft-max", "draft-min", "draft-p-min", "draft-always"}

// check returns a usage error if flags are wrong or conflict.
func (o *Drafts) check() error {
	for _, word := range o.types {
		switch kind := draftTypes[word]; {
		case strings.HasPrefix(word, "draft-") && kind == "":
			return ui.WithHint(ui.Usagef("--spec %s: drafts by a model's own multi-token prediction are not supported", word), "-md FILE names a small model that drafts")
		case kind == "":
			return ui.Usagef("--spec %q: must be auto, none, or some of lookup, forced and draft", word)
		case kind == "draft" && o.path == "":
			return ui.WithHint(ui.Usagef("--spec %s needs a small model", word), "-md FILE names one")
		case kind == "none" && len(o.types) > 1:
			return ui.Usagef("--spec %s: none cannot be combined with others", strings.Join(o.types, ","))
		}
	}
	if o.min > o.max {
		return ui.Usagef("--draft-min %d is more than --draft-max %d", o.min, o.max)
	}
	if !(o.sure >= 0 && o.sure <= 1) {
		return ui.Usagef("--draft-p-min %v: must be between 0 and 1", o.sure)
	}
	return nil
}

// has reports whether --spec asks for drafts of a kind, by the kind's name or by "auto".
func (o *Drafts) has(kind string) bool {
	return slices.ContainsFunc(o.types, func(word string) bool { return draftTypes[word] == kind || draftTypes[word] == "auto" })
}

// Without returns the engine's options for drafts without a small model.
func (o *Drafts) Without() engine.Drafts {
	lookup, forced := o.has("lookup"), o.has("forced")
	return engine.Drafts{
		Off: !lookup && !forced, NoLookup: !lookup, NoForced: !forced, Max: o.max, Min: o.min, Always: o.always,
	}
}

// OpenDrafts returns the engine's options for drafts for m. It opens the small model if the flags
// name one; closing m then also closes the small model.
func (o *Generation) OpenDrafts(u *ui.UI, m *Instance) (engine.Drafts, error) {
	d := o.Drafts.Without()
	if o.Drafts.path == "" || !o.Drafts.has("draft") {
		return d, nil
	}
	if m.Model.Config.Recurrent() {
		u.Warnf("nothing is drafted: %s has recurrent layers, whose state cannot be rolled back", m.Name())
		return d, nil
	}
	plain := *o.WithoutLoRA()
	plain.eps, plain.ropeBase, plain.ropeScale = 0, 0, 0
	small, err := plain.Open(u, o.Drafts.path)
	if err != nil {
		return d, err
	}
	if err := drafter.Check(small.Model, m.Model); err != nil {
		small.Close()
		return d, fmt.Errorf("%s cannot draft for %s: %w", small.Name(), m.Name(), err)
	}
	m.small = small
	d.Off, d.Model, d.Sure = false, small.Model, o.Drafts.sure
	return d, nil
}
