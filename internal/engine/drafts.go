package engine

import (
	"fmt"

	"alpaca/internal/engine/drafter"
	"alpaca/internal/engine/lookup"
	"alpaca/internal/engine/speculate"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/sampler"
)

// maxDraft is the default of Drafts.Max, in tokens.
const maxDraft = 32

// Drafts say where drafts come from and how long they are. The zero value stands for all
// sources that need no second model. Drafts change the speed, never the answer.
type Drafts struct {
	Off      bool // no drafts: a step makes one token for each text
	NoForced bool // no drafts from a grammar that leaves no choice
	NoLookup bool // no drafts from earlier places of the text
	Max      int  // the largest number of tokens in a draft; default 32
	Min      int  // the smallest number of tokens in a draft; shorter drafts are not evaluated
	Always   bool // drafts are evaluated even if they cost more time than they save

	Model *model.Model // the small model that drafts; nil for none
	Sure  float64      // the lowest probability of a token that the small model drafts
}

// drafting holds the sources of an answer's drafts.
type drafting struct {
	grammar sampler.Drafter // nil: there is no grammar that can draft
	index   *lookup.Index   // nil: no drafts from earlier places of the text
	indexed int             // how many tokens of the answer are in index
	found   []int32         // the last result of index.Find; its memory is reused
	ask     *drafter.Ask    // nil: no small model drafts
	sources speculate.Sources
}

// startDrafter checks the options of drafts, and prepares the small model if there is one.
// Both models share the workers.
func (e *Engine) startDrafter() (err error) {
	o := &e.opt
	d := &o.Drafts
	if d.Max == 0 {
		d.Max = maxDraft
	}
	if d.Max < 0 || d.Min < 0 || d.Sure < 0 || d.Sure > 1 {
		return fmt.Errorf("engine: drafts of %d to %d tokens with a probability of %v: the limits must not be negative, and the probability must be at most 1", d.Min, d.Max, d.Sure)
	}
	if e.Model().RecentBlocks(o.Ctx) > 0 {
		d.Max = min(d.Max, model.Slack) // a layer with a window can be cut back by Slack tokens at most
	}
	if d.Off || d.Model == nil || e.Model().Config.Recurrent() {
		return nil
	}
	e.drafter, err = drafter.New(d.Model, e.Model(), drafter.Options{
		Ctx: o.Ctx, Texts: o.Answers, Sure: d.Sure, CacheK: o.CacheK, CacheV: o.CacheV, Pool: o.Pool,
	})
	if err != nil {
		return fmt.Errorf("engine: the model for drafts: %w", err)
	}
	return nil
}

// newPool returns the workers that two models share. It returns nil if there is only one
// model, or if Options.Pool is set.
func newPool(o *Options) *pool.Pool {
	if o.Drafts.Off || o.Drafts.Model == nil || o.Pool != nil || o.Threads < 0 || o.Threads > pool.MaxThreads {
		return nil
	}
	threads := o.Threads
	if threads == 0 {
		threads = machine.CountThreads().Default()
	}
	return pool.New(threads, gguf.Guard)
}

// drafts sets up the sources of drafts for an answer, unless
// drafts are turned off or the model is recurrent.
func (e *Engine) drafts(a *answer) {
	o := &e.opt.Drafts
	if o.Off || a.group.req.NoDrafts || a.drafting != nil || e.Model().Config.Recurrent() { // a recurrent text cannot be cut back
		return
	}
	d := &drafting{sources: e.speculate.Sources()}
	if !o.NoForced {
		d.grammar, _ = a.grammar.(sampler.Drafter)
	}
	if !o.NoLookup {
		d.index = &lookup.Index{}
	}
	if e.drafter != nil {
		d.ask = &drafter.Ask{}
	}
	a.drafting = d
}

// undraft releases the small model's text for an answer.
func (e *Engine) undraft(a *answer) {
	if d := a.drafting; d != nil && d.ask != nil {
		e.drafter.Release(d.ask.Text)
		d.ask.Text = nil
	}
}
