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

// mostDraft is the default of Drafts.Most.
const mostDraft = 32

// Drafts say where drafts come from and how long they are. The zero value stands for all
// sources that need no second model. Drafts change nothing but the time.
type Drafts struct {
	Off      bool // a step makes one token of a text
	NoForced bool // nothing is drafted where a grammar leaves no choice
	NoLookup bool // nothing is drafted because the text had it before
	Most     int  // tokens of a draft at most: 32
	Least    int  // shorter ones are not evaluated
	Always   bool // they are evaluated whatever that costs

	Model *model.Model // a small one that drafts; nil for none
	Sure  float64      // it drafts a token whose probability is at least that
}

// drafting is what an answer's drafts are made from.
type drafting struct {
	grammar sampler.Drafter // nil: no grammar can say how the text goes on
	index   *lookup.Index   // nil: what the text had before is not looked at
	indexed int             // tokens of the answer that are in it
	found   []int32
	ask     *drafter.Ask // nil: no other model drafts
	sources speculate.Sources
}

// startDrafter makes the small model ready, if there is one. Both models have the same
// workers.
func (e *Engine) startDrafter() (err error) {
	o := &e.opt
	d := &o.Drafts
	if d.Most == 0 {
		d.Most = mostDraft
	}
	if d.Most < 0 || d.Least < 0 || d.Sure < 0 || d.Sure > 1 {
		return fmt.Errorf("engine: drafts of %d to %d tokens with a probability of %v", d.Least, d.Most, d.Sure)
	}
	if e.Model().RecentBlocks(o.Ctx) > 0 {
		d.Most = min(d.Most, model.Slack) // a cancelled text is cut back by less than a draft
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

// newPool returns workers for both models where two share them, nil where each runner has its
// own.
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

// drafts lets what is expected of a be drafted.
func (e *Engine) drafts(a *answer) {
	o := &e.opt.Drafts
	if o.Off || a.group.req.NoDrafts || a.drafting != nil || e.Model().Config.Recurrent() { // whose state cannot be taken back
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

// undraft releases what the drafts of a hold.
func (e *Engine) undraft(a *answer) {
	if d := a.drafting; d != nil && d.ask != nil {
		e.drafter.Release(d.ask.Text)
		d.ask.Text = nil
	}
}
