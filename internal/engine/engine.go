// Package engine answers many requests with one model at once. It has a queue, steps that each
// evaluate a batch with rows of all texts, samplers, and a stream of tokens for each request.
// Texts share the cache blocks of common prefixes. If memory is short, the youngest text is
// preempted and resumes later. A text gets the same tokens and the same bits of every probability,
// whether it runs alone or with other texts, and whether its prefix is cached or evaluated.
package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"alpaca/internal/engine/drafter"
	"alpaca/internal/engine/speculate"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/sampler"
)

// Options are the settings of an Engine. A zero stands for the default.
type Options struct {
	Ctx      int           // the largest number of tokens in a text; default: the model's context, up to model.DefaultCtx
	Parallel int           // the largest number of answers that run at once; default 4
	Answers  int           // the largest number of answers to one request, at least Parallel; default Parallel
	Queue    int           // the largest number of requests that wait; default 64
	Batch    int           // the largest number of rows in a step; default model.DefaultBatch
	Target   time.Duration // about how long a step may take while any text is being answered; default 150 ms
	// Blocks is the largest number of blocks, each of model.BlockLen tokens, in the cache of all
	// texts. The default is enough for Parallel texts of Ctx tokens. If a text needs more, the engine
	// first frees blocks that only the prefix cache uses. Then it preempts texts: first those
	// with slow readers, then the youngest.
	Blocks  int
	NoCache bool   // texts do not share the blocks of common prefixes
	Drafts  Drafts // where drafts for speculative decoding come from

	Threads        int         // the number of workers; default machine.CountThreads().Default()
	CacheK, CacheV *quant.Type // default F16
	Pool           *pool.Pool  // the workers to use; nil: the engine starts its own
}

// Engine evaluates the texts of all requests together. Its methods may be called from
// several goroutines.
type Engine struct {
	opt     Options
	warning string
	runner  *model.Runner
	pool    *pool.Pool // closed with the engine; nil if the runner has its own or Options.Pool is set
	vocab   sampler.Vocab

	mu       sync.Mutex // guards the fields up to done
	changed  *sync.Cond
	wakes    int // counts the calls of wakeLocked, so that the loop misses no call
	waiting  []*group
	draining bool
	closing  bool
	accounts accounts
	busy     int // requests that have not ended
	stats    Stats
	done     chan struct{} // closed when the loop has ended

	lastBeat atomic.Int64 // when the loop last made progress, in nanoseconds; 0: it has nothing to do

	work     sync.Mutex // held during a step; guards the fields below
	prefix   *prefixes  // nil: no prefix cache
	running  []*answer  // in order of admission
	resting  []*answer  // preempted answers, in order of admission
	admitted int
	short    bool // a text waits for cache blocks
	frugal   bool // this step has too few cache blocks for drafts
	pace     pace
	promised int // rows of the next step that are kept for prompts, so that drafts do not use them

	speculate *speculate.Controller
	drafter   *drafter.Drafter               // nil: no small model drafts
	guess     func(a *answer, n int) []int32 // tests set it to replace all sources of drafts; nil otherwise
	drafted   time.Duration                  // time that this step's drafts took, without the small model
	wrote     time.Duration                  // time that the small model took in this step
	batch     model.Batch
	rows      []rows // the rows of batch, by text
}

// Stats counts what an engine has done since its start, and what it is doing now.
type Stats struct {
	Busy             int // requests that have not ended, including waiting requests
	Waiting, Running int // requests in the queue, and answers in progress

	Blocks, BlocksUsed, BlocksCached int // cache blocks: the limit, how many are in use, and how many are in the prefix cache

	PromptTokens, CachedTokens, GeneratedTokens int64         // GeneratedTokens includes tokens that nobody has read
	PromptTime, GenerateTime                    time.Duration // time of steps with prompt rows, and of all other steps
	Steps, Rows                                 int64
	Drafts, DraftTokens, DraftAccepted          int64     // drafts, their tokens, and how many of these tokens the sampler chose
	AcceptedAt                                  [16]int64 // accepted tokens by position in the draft; the last element counts all further positions
	Preemptions, Cancelled                      int64
}

// New starts an engine. Close ends it.
func New(m *model.Model, opt Options) (*Engine, error) {
	if m.Tokenizer == nil {
		return nil, errors.New("engine: the model has no vocabulary")
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
		o.Target = 150 * time.Millisecond
	}
	minBlocks := (o.Ctx+model.BlockLen-1)/model.BlockLen + 1 // one text, and a copy of a shared block
	if o.Blocks == 0 {
		o.Blocks = minBlocks * o.Parallel
	}
	if o.Blocks < minBlocks {
		return nil, fmt.Errorf("engine: a cache of %d blocks holds %d tokens, too few for a context of %d: at least %d blocks are needed",
			o.Blocks, max(0, o.Blocks-1)*model.BlockLen, o.Ctx, minBlocks)
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
	if !o.NoCache {
		e.prefix = newPrefixes(e.runner.Cache(), mostStates(m, o.Parallel))
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

// recent returns the number of blocks for layers with a window: the blocks
// for a batch, and twice the blocks that all texts need. The factor of 2
// is there because shared prefixes and marks keep blocks, too.
func (e *Engine) recent(m *model.Model) int {
	o, text := &e.opt, m.RecentBlocks(e.opt.Ctx)
	if text == 0 {
		return 0
	}
	return min(2*text*o.Parallel+(o.Batch+model.BlockLen-1)/model.BlockLen+o.Parallel, o.Blocks+text)
}

// Ctx returns the largest number of tokens that a text can have.
func (e *Engine) Ctx() int { return e.opt.Ctx }

// Warning returns a warning about the options for the user, or "".
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

// Drain makes Submit refuse requests. It returns once all accepted requests are answered. If ctx
// is cancelled first, it returns ctx's error.
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

// Close ends all answers in progress with ErrClosed, and stops the engine's goroutines.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.draining, e.closing = true, true
	e.wakeLocked()
	e.mu.Unlock()
	<-e.done
	return e.free()
}

// free closes the models' runners and the workers.
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
