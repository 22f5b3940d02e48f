package model

import (
	"context"
	"fmt"
	"math"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// Runner evaluates batches with a model. It has the workers, the scratch memory for a batch,
// and the Cache of all texts. After the first batch of a size, further batches of that size
// allocate only blocks of the cache. A Runner and its Seqs are not safe for concurrent use.
type Runner struct {
	// If Collect is not nil, it is called for each matrix product, with the product's input x
	// [rows, cols] and the name of the matrix's tensor. The matrices of expert E are called
	// blk.N.ffn_gate.E.weight and so on, even if the file has all experts in one tensor. x is valid
	// during the call.
	Collect func(tensor string, x []float32, rows, cols int)

	model *Model
	cache *Cache
	batch int

	pool    *pool.Pool
	ownPool bool
	err     error     // the first error of the current Forward or Logits
	hidden  []float32 // [wanted, Dim] the hidden states of the last batch

	buf         buffers
	acts        ggml.Prepare
	matmul      ggml.MatMul
	headNorm    ggml.HeadNorm
	addBranchTo ggml.AddBranch
	cap         ggml.Cap
	kv          ggml.StoreKV
	shortConv   ggml.ShortConv
	deltaNet    ggml.DeltaNet
	attention   ggml.Attention
	router      router
	lora        adapting
}

// DefaultBatch is the default of RunnerOptions.Batch.
const DefaultBatch = 512

// RunnerOptions are the settings of a Runner. A zero stands for the default.
type RunnerOptions struct {
	Batch   int // the largest number of rows in a batch; default DefaultBatch
	Threads int // the number of workers; default machine.CountThreads().Default()
	Ctx     int // the context length of the texts, in tokens; the default is that of Model.Context
	Blocks  int // the largest number of Whole blocks in the cache; 0: no limit
	Recent  int // the largest number of Recent blocks in the cache; 0: no limit
	// CacheK and CacheV are the types of keys and values in the cache, see ggml.KVFormat; nil
	// stands for F16.
	CacheK, CacheV *quant.Type
	// Pool, if not nil, provides the workers. Otherwise NewRunner makes a new pool with
	// Threads workers. Runners that share a Pool take turns, operation by operation.
	Pool *pool.Pool
}

// NewRunner returns a Runner. Memory for the cache is allocated as texts grow.
func (m *Model) NewRunner(opt RunnerOptions) (*Runner, error) {
	r := &Runner{model: m, batch: opt.Batch, pool: opt.Pool}
	if r.batch == 0 {
		r.batch = DefaultBatch
	}
	switch {
	case r.batch < 0:
		return nil, fmt.Errorf("model: batch of %d tokens, must be positive", r.batch)
	case opt.Threads < 0 || opt.Threads > pool.MaxThreads:
		return nil, fmt.Errorf("model: %d threads, must be between 1 and %d", opt.Threads, pool.MaxThreads)
	case opt.Blocks < 0 || opt.Recent < 0:
		return nil, fmt.Errorf("model: a cache of %d blocks and %d recent blocks: a limit must not be negative", opt.Blocks, opt.Recent)
	}
	ctx, _, err := m.Context(opt.Ctx)
	if err != nil {
		return nil, err
	}
	if r.cache, err = newCache(&m.Config, ctx, opt); err != nil {
		return nil, err
	}
	r.cache.ropes = m.ropesFor(ctx)
	if r.pool == nil {
		threads := opt.Threads
		if threads == 0 {
			threads = machine.CountThreads().Default()
		}
		r.pool, r.ownPool = pool.New(threads, gguf.Guard), true
	}
	if err := machine.Reserve(r.scratchBytes()); err != nil {
		r.Close()
		return nil, fmt.Errorf("model: the memory for %d tokens at a time: %w", r.batch, err)
	}
	machine.FitHeap()
	r.reserve()
	return r, nil
}

// scratchBytes estimates the bytes that reserve allocates. The estimate is more often too high
// than too low.
func (r *Runner) scratchBytes() int64 {
	c := &r.model.Config
	inner := c.most(func(l *LayerConfig) int { // q, k, v and attn together
		return l.NumHeads*(l.KeyDim+l.ValueDim) + 2*l.NumKVHeads*(l.KeyDim+l.ValueDim)
	}) + c.mostInner()
	columns := 0
	for _, n := range r.model.mostColumns() {
		columns += n + 64 // rows are padded
	}
	for _, n := range r.model.mostExpertColumns() {
		columns += c.NumUsed * (n + 64)
	}
	row := 4*int64(2*c.Dim+inner+columns+c.LayerInput*c.NumLayers) + 64
	for _, rope := range r.cache.ropes {
		if rope != nil {
			row += 8 * int64(rope.Pairs())
		}
	}
	if c.NumExperts > 0 {
		row += 4*int64(2*c.Dim+c.NumExperts) + 32*int64(c.NumUsed)
	}
	if len(r.model.LoRAs) > 0 {
		row += 4 * int64(r.adapterElems())
	}
	const worker = 4 << 20 // bytes of a worker: scores and blocks of attention, panels of weights
	return int64(r.batch)*row + int64(r.pool.Threads())*worker + 4*int64(c.VocabSize) + 1<<20
}

// reserve allocates the scratch memory.
func (r *Runner) reserve() {
	c, workers := &r.model.Config, r.pool.Threads()
	r.buf = newBuffers(c, r.batch)
	r.buf.logits = make([]float32, c.VocabSize)
	for turn, rope := range r.cache.ropes {
		if rope != nil {
			n := r.batch * rope.Pairs()
			r.buf.angles[turn] = angles{make([]float32, n), make([]float32, n)}
		}
	}
	if r.model.Weights.needsBranch(c) {
		r.buf.branch = make([]float32, r.batch*c.Dim)
	}
	r.acts = ggml.Prepare{Eps: c.NormEps, Centred: arch.Find(c.Arch).LayerNorm}
	r.acts.Reserve(workers, r.batch, r.model.mostColumns())
	r.matmul.Reserve(workers, r.batch)
	largest := ggml.KVFormat{
		Heads:    1,
		KeyDim:   c.most(func(l *LayerConfig) int { return l.KeyDim }),
		ValueDim: c.most(func(l *LayerConfig) int { return l.ValueDim }),
	}
	shared := c.most(func(l *LayerConfig) int { return l.NumHeads / max(1, l.NumKVHeads) })
	r.attention.Reserve(workers, r.batch, ggml.KVLayer{Format: &largest, Heads: shared})
	r.headNorm.Eps = c.NormEps
	r.reserveAdapters()
	r.kv.Reserve(workers, largest.KeyDim)
	r.reserveExperts()
	r.deltaNet.Reserve(workers, c.Delta)
}

// attentionScale returns 1/sqrt(n), the default factor of attention's scores.
func attentionScale(n int) float32 { return 1 / float32(math.Sqrt(float64(n))) }

// Close ends the workers, unless they belong to RunnerOptions.Pool.
func (r *Runner) Close() error {
	if r.ownPool {
		r.pool.Close()
	}
	return nil
}

// Model returns the runner's model.
func (r *Runner) Model() *Model { return r.model }

// Cache returns the cache of all texts.
func (r *Runner) Cache() *Cache { return r.cache }

// Threads returns the number of workers.
func (r *Runner) Threads() int { return r.pool.Threads() }

// MaxRows returns the largest number of rows that a batch can have.
func (r *Runner) MaxRows() int { return r.batch }

// Forward evaluates the rows of b, whose tokens become part of their texts. Then Logits
// returns the logits of the wanted rows.
//
// Forward checks ctx before every layer. If ctx is cancelled or an error
// occurs, texts with a recurrent state are cut back to their mark or to
// nothing. All other texts are unchanged. The error is ErrNoBlocks if the cache
// is full, and a *gguf.FaultError if the file was truncated while in use.
func (r *Runner) Forward(ctx context.Context, b *Batch) error {
	r.hidden, r.err = nil, nil
	if err := r.check(b); err != nil {
		return err
	}
	if err := b.extend(); err != nil {
		return err
	}
	err := gguf.Guard(func() error { return r.forward(ctx, b) })
	r.err = nil
	if err != nil {
		r.hidden = nil
		b.retract(len(b.seqs))
		for _, s := range b.seqs {
			s.lose()
		}
		return err
	}
	b.commit()
	return nil
}

// check returns an error if b cannot be evaluated now.
func (r *Runner) check(b *Batch) error {
	if len(b.tokens) == 0 {
		return fmt.Errorf("model: no tokens to evaluate")
	}
	if len(b.tokens) > r.batch {
		return fmt.Errorf("model: a batch of %d rows, must be at most %d", len(b.tokens), r.batch)
	}
	prompt := false
	for i, s := range b.seqs {
		if s.cache != r.cache {
			return fmt.Errorf("model: the batch has a text of another runner")
		}
		prompt = prompt || b.spans[i].N > 1
	}
	if err := r.model.checkTokens(b.tokens); err != nil {
		return err
	}
	if prompt {
		// If the file was truncated, reading a missing page faults. But the
		// last page that is left reads as zeros where bytes are missing. So
		// check the file's size before a text gets several rows.
		return r.model.File.Unchanged()
	}
	return nil
}

// checkTokens returns an error unless all tokens are in the vocabulary.
func (m *Model) checkTokens(tokens []int32) error {
	for _, id := range tokens {
		if id < 0 || int(id) >= m.Config.VocabSize {
			return fmt.Errorf("model: token %d is not in the vocabulary of %d", id, m.Config.VocabSize)
		}
	}
	return nil
}

// LogitRows returns the largest number of rows that one call of Logits can return: as many as
// fit 16 MiB, at least 1.
func (r *Runner) LogitRows() int { return logitRows(r.model.Config.VocabSize, r.batch) }

// Logits returns the logits [n, VocabSize] of n of the last batch's wanted rows, beginning with
// wanted row number from. They are valid until the next call. n is at most LogitRows.
func (r *Runner) Logits(from, n int) ([]float32, error) {
	c := &r.model.Config
	if from < 0 || n < 1 || n > r.LogitRows() || (from+n)*c.Dim > len(r.hidden) {
		return nil, fmt.Errorf("model: no logits of rows %d to %d: the last batch has %d rows with logits, and a call returns at most %d", from, from+n-1, len(r.hidden)/c.Dim, r.LogitRows())
	}
	if len(r.buf.logits) < n*c.VocabSize {
		if err := machine.Reserve(4 * int64(n*c.VocabSize)); err != nil {
			return nil, fmt.Errorf("model: the logits of %d tokens: %w", n, err)
		}
		r.buf.logits = make([]float32, n*c.VocabSize)
	}
	out, h := r.buf.logits[:n*c.VocabSize], r.hidden[from*c.Dim:(from+n)*c.Dim]
	r.cutRuns(from, n)
	err := gguf.Guard(func() error { return r.logits(out, h) })
	r.err = nil
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EachLogits calls each(row, logits) for the first n wanted rows of the last batch, in order.
// The logits [VocabSize] of a row are valid during the call. If each returns an error,
// EachLogits stops and returns it.
func (r *Runner) EachLogits(n int, each func(row int, logits []float32) error) error {
	vocab := r.model.Config.VocabSize
	for from := 0; from < n; from += r.LogitRows() {
		m := min(r.LogitRows(), n-from)
		logits, err := r.Logits(from, m)
		if err != nil {
			return err
		}
		for i := range m {
			if err := each(from+i, logits[i*vocab:(i+1)*vocab]); err != nil {
				return err
			}
		}
	}
	return nil
}
