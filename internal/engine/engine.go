// Package engine answers many requests with one model at once: a queue, steps that
// evaluate a batch of rows of all texts, samplers, and a stream of tokens for each
// request. Texts share the blocks of common beginnings; where memory is short, the youngest
// is preempted and resumes later. A text gets the same tokens, to the bit, alone and beside
// others, from the cache and evaluated anew.
package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"alpaca/internal/engine/drafter"
	"alpaca/internal/engine/speculate"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/sampler"
)

// Options say how an Engine is made; zeros stand for the defaults.
type Options struct {
	Ctx      int           // tokens of a text at most: the model's, at most model.DefaultCtx
	Parallel int           // answers given at once: 4
	Answers  int           // to one request at most: Parallel; with more, such a request is answered alone
	Queue    int           // requests that wait at most: 64
	Batch    int           // rows of a step at most: model.DefaultBatch
	Target   time.Duration // of a step while somebody is being answered: 100 ms
	// Blocks is the memory of all texts, in blocks of model.BlockLen tokens; the default is
	// as many as Parallel texts fill. Where a text needs more, the engine first frees what
	// only the prefix cache holds. Then it preempts texts: those whose readers are slow, then
	// the youngest.
	Blocks  int
	NoCache bool   // texts do not share what they have evaluated
	Drafts  Drafts // what is evaluated of a text before it is sampled

	Threads        int         // machine.CountThreads().Default()
	CacheK, CacheV *quant.Type // nil is F16
	Pool           *pool.Pool  // used in place of workers of its own, if not nil
}

// Engine evaluates the texts of all requests together. Its methods may be called from
// several goroutines.
type Engine struct {
	opt     Options
	warning string
	runner  *model.Runner
	pool    *pool.Pool // nil: the runner has its own, or it is others'
	vocab   sampler.Vocab

	mu       sync.Mutex // of what follows
	changed  *sync.Cond
	wakes    int // times that something changed
	waiting  []*group
	draining bool
	closing  bool
	accounts accounts
	busy     int // requests that have not ended
	stats    Stats
	done     chan struct{} // closed when the loop has ended

	work     sync.Mutex // held while texts change; of what follows
	prefix   *prefixes  // nil without
	running  []*answer  // in order of admission
	resting  []*answer  // preempted, the eldest first
	admitted int
	short    bool // a text waits for memory
	frugal   bool // this step has no memory for drafts
	pace     pace

	speculate *speculate.Controller
	drafter   *drafter.Drafter               // nil: no small model drafts
	guess     func(a *answer, n int) []int32 // of tests, in the place of all sources; nil
	drafted   time.Duration                  // that the making of the drafts of this step took,
	wrote     time.Duration                  // and that the small model took besides
	batch     model.Batch
	rows      []rows // of batch
}

// Stats is what an engine has done, and is doing.
type Stats struct {
	Busy             int // requests that have not ended
	Waiting, Running int // requests that wait, answers that are given

	Blocks, BlocksUsed, BlocksCached int // of the cache: at most, in use, of those only for later texts

	PromptTokens, CachedTokens, GeneratedTokens int64
	PromptTime, GenerateTime                    time.Duration // of the steps with rows of prompts, and of the others
	Steps, Rows                                 int64
	Drafts, DraftTokens, DraftAccepted          int64     // evaluated before they were sampled; those that were sampled then
	AcceptedAt                                  [16]int64 // drafts whose token at that place was sampled then; further ones count as the last
	Preemptions, Cancelled                      int64
	LastStep                                    time.Time
}

// New starts an engine. Close ends it.
func New(m *model.Model, opt Options) (*Engine, error) {
	if m.Tokenizer == nil {
		return nil, errors.New("engine: a model without a vocabulary")
	}
	var err error
	e := &Engine{opt: opt, accounts: accounts{}, done: make(chan struct{})}
	o := &e.opt
	if o.Ctx, e.warning, err = m.Context(opt.Ctx); err != nil {
		return nil, err
	}
	for _, d := range []struct {
		name  string
		value *int
		usual int
	}{
		{"Parallel", &o.Parallel, 4}, {"Queue", &o.Queue, 64}, {"Batch", &o.Batch, model.DefaultBatch}, {"Answers", &o.Answers, opt.Parallel},
	} {
		if *d.value < 0 {
			return nil, fmt.Errorf("engine: %s is %d, must be positive", d.name, *d.value)
		}
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if o.Target <= 0 {
		o.Target = 100 * time.Millisecond
	}
	least := (o.Ctx+model.BlockLen-1)/model.BlockLen + 1 // a text, and a copy of a shared block
	if o.Blocks == 0 {
		o.Blocks = least * o.Parallel
	}
	if o.Blocks < least {
		return nil, fmt.Errorf("engine: a cache of %d blocks holds %d tokens, too few for a context of %d: at least %d blocks are needed",
			o.Blocks, max(0, o.Blocks-1)*model.BlockLen, o.Ctx, least)
	}
	o.Answers = max(o.Answers, o.Parallel)
	o.Batch = min(max(o.Batch, o.Answers), max(o.Ctx, o.Answers))
	if e.pool = newPool(o); e.pool != nil {
		o.Pool = e.pool
	}
	e.runner, err = m.NewRunner(model.RunnerOptions{
		Batch: o.Batch, Ctx: o.Ctx, Threads: o.Threads, Blocks: o.Blocks, Recent: e.recent(m), CacheK: o.CacheK, CacheV: o.CacheV, Pool: o.Pool,
	})
	if err == nil {
		err = e.startDrafter()
	}
	if err != nil {
		e.free()
		return nil, err
	}
	if !o.NoCache && !m.Config.Recurrent() { // else blocks alone are no beginning of a text
		e.prefix = newPrefixes(e.runner.Cache())
	}
	tok := m.Tokenizer
	e.vocab = sampler.Vocab{N: tok.Len(), EOG: tok.EOG(), Piece: func(id int32) string { return tok.Piece(id, false) }}
	e.changed = sync.NewCond(&e.mu)
	e.pace.target, e.speculate = o.Target, speculate.New()
	if o.Drafts.Always {
		e.speculate = speculate.Always()
	}
	go e.loop()
	return e, nil
}

// recent returns how many blocks the layers with a window get: enough for all texts and for
// what a batch adds, and as many again for shared beginnings and for marks.
func (e *Engine) recent(m *model.Model) int {
	o, text := &e.opt, m.RecentBlocks(e.opt.Ctx)
	if text == 0 {
		return 0
	}
	return min(2*text*o.Parallel+(o.Batch+model.BlockLen-1)/model.BlockLen+o.Parallel, o.Blocks+text)
}

// Ctx returns how many tokens a text can have.
func (e *Engine) Ctx() int { return e.opt.Ctx }

// Warning returns what the user should know of the options, "" for nothing.
func (e *Engine) Warning() string { return e.warning }

// Model returns the engine's model.
func (e *Engine) Model() *model.Model { return e.runner.Model() }

// Threads returns the number of workers.
func (e *Engine) Threads() int { return e.runner.Threads() }

// MemoryStats returns the memory in use.
func (e *Engine) MemoryStats() model.MemoryStats {
	e.work.Lock()
	defer e.work.Unlock()
	s := e.runner.MemoryStats()
	if e.drafter != nil {
		small := e.drafter.MemoryStats()
		s.Cache += small.Cache
		s.Scratch += small.Scratch
	}
	return s
}

// Stats returns what the engine has done so far.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Waiting, s.Busy = len(e.waiting), e.busy
	return s
}

// Submit puts a request into the queue. When ctx is cancelled its answers end with the
// Reason Interrupt. It fails for a request that cannot be answered: with a *PromptError
// where the prompt does not fit into the context, ErrQueueFull where too many requests
// wait, and ErrClosed once Drain or Close is called.
func (e *Engine) Submit(ctx context.Context, req Request) (*Stream, error) {
	g, err := e.newGroup(ctx, &req)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.draining:
		return nil, ErrClosed
	case e.busy >= e.opt.Parallel+e.opt.Queue && !e.accounts.newcomer(req.Key, e.busy-e.opt.Parallel, e.opt.Queue):
		return nil, ErrQueueFull
	}
	cancelled, cancel := context.WithCancel(ctx)
	g.done, g.stream.cancel = cancelled.Err, cancel
	unwatch := context.AfterFunc(cancelled, e.wake)
	g.stop = func() bool { cancel(); return unwatch() }
	e.waiting = append(e.waiting, g)
	e.accounts.open(req.Key)
	e.busy++
	e.wakeLocked()
	return g.stream, nil
}

// newGroup checks a request and makes its answers.
func (e *Engine) newGroup(ctx context.Context, req *Request) (*group, error) {
	m := e.Model()
	switch n := req.answers(); {
	case len(req.Prompt) == 0:
		return nil, errors.New("engine: the prompt has no tokens")
	case slices.Contains(req.Stop, ""):
		return nil, errors.New("engine: an empty stop string")
	case req.N < 0 || n > e.opt.Answers:
		return nil, fmt.Errorf("engine: %d answers, must be between 1 and %d", req.N, e.opt.Answers)
	case n > 1 && (req.Sampler != nil || req.Text != nil || req.Full != nil):
		return nil, errors.New("engine: several answers cannot share a sampler or a text")
	case len(req.Prompt) > e.opt.Ctx:
		return nil, &PromptError{len(req.Prompt), e.opt.Ctx}
	case req.Text != nil && req.Text.engine != e:
		return nil, errors.New("engine: a text of another engine")
	}
	if req.LoRA != nil && len(req.LoRA) != len(m.LoRAs) {
		return nil, fmt.Errorf("engine: scales of %d adapters, the model has %d", len(req.LoRA), len(m.LoRAs))
	}
	for i, id := range req.Prompt {
		if id < 0 || int(id) >= m.Config.VocabSize {
			return nil, fmt.Errorf("engine: token %d of the prompt is %d, which is not in the vocabulary of %d", i, id, m.Config.VocabSize)
		}
	}
	g := &group{req: req, stream: newStream(req.Window, req.answers()), began: time.Now(), prompt: len(req.Prompt), left: req.answers()}
	g.tok, g.stream.wake = m.Tokenizer, e.wake
	g.salt = req.Salt + adapterSalt(m, req.LoRA)
	params := req.Sampling
	for i := range g.left {
		a := &answer{
			group: g, index: i, tokens: slices.Clone(req.Prompt), sampler: req.Sampler,
			stream: m.Tokenizer.NewStream(), held: newHolder(req.Stop),
		}
		if a.sampler == nil {
			var err error
			if a.sampler, err = sampler.New(params, e.vocab); err != nil {
				return nil, err
			}
			params.Seed = a.sampler.Seed() + 1
			if params.Seed == sampler.RandomSeed {
				params.Seed = 0
			}
			for _, id := range req.Prompt {
				a.sampler.Accept(id)
			}
		}
		if req.Grammar != nil {
			a.grammar = req.Grammar()
		}
		a.result.Seed = a.sampler.Seed()
		g.answers = append(g.answers, a)
	}
	return g, nil
}

// wake makes the loop look for work.
func (e *Engine) wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wakeLocked()
}

func (e *Engine) wakeLocked() {
	e.wakes++
	e.changed.Broadcast()
}

// Drain makes Submit refuse requests, and returns when all that were accepted are
// answered or ctx is cancelled, with its error.
func (e *Engine) Drain(ctx context.Context) error {
	defer context.AfterFunc(ctx, e.wake)()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.draining = true
	for e.busy > 0 && !e.closing {
		if err := ctx.Err(); err != nil {
			return err
		}
		e.changed.Wait()
	}
	return nil
}

// Close ends all answers that are being given, with ErrClosed, and the engine's
// goroutines.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.draining, e.closing = true, true
	e.wakeLocked()
	e.mu.Unlock()
	<-e.done
	return e.free()
}

// free ends the workers.
func (e *Engine) free() (err error) {
	if e.drafter != nil {
		err = e.drafter.Close()
	}
	if e.runner != nil {
		err = errors.Join(err, e.runner.Close())
	}
	if e.pool != nil {
		e.pool.Close()
	}
	return err
}

// Run answers a request and calls emit with each token before the next step, and with none
// once ctx has ended. Its error ends the answer and is returned.
func (e *Engine) Run(ctx context.Context, req Request, emit func(Token) error) (Result, error) {
	req.Window = 1
	s, err := e.Submit(ctx, req)
	if err != nil {
		return Result{}, err
	}
	var failed error
	for {
		t, ok := s.Next()
		if !ok {
			break
		}
		if emit == nil || failed != nil || ctx.Err() != nil {
			continue // the step that was cancelled may have sampled more tokens of a draft
		}
		if failed = emit(t); failed != nil {
			s.Cancel()
		}
	}
	if failed == nil {
		failed = s.Err()
	}
	return s.Results()[0], failed
}
