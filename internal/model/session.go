package model

import (
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// Session is one conversation with a model: the tokens evaluated so far, their
// keys and values, and scratch memory. It is not for use by several goroutines
// at once. Evaluating one token allocates nothing.
type Session struct {
	// Collect, if not nil, is called with the input x [rows, cols] of each
	// matrix product and the name of the matrix's tensor. Of a mixture's
	// experts the name is blk.N.ffn_gate.E.weight and so on, whatever the file
	// calls them. x is valid during the call.
	Collect func(tensor string, x []float32, rows, cols int)

	model   *Model
	ctx     int
	batch   int
	warning string

	tokens []int32 // whose keys and values are in the cache
	cache  kvCache

	pool    *pool.Pool
	ownPool bool
	err     error // of the evaluation that is going on

	buf       buffers
	acts      ggml.Prepare
	matmul    ggml.MatMul
	headNorm  ggml.HeadNorm
	kv        ggml.StoreKV
	attention ggml.Attention
	router    router
}

// Limits and defaults of sessions.
const (
	DefaultCtx   = 4096 // cap of the context length where none is asked for
	DefaultBatch = 512
	MaxCtx       = 1 << 24
)

// SessionOptions say how a session is made; zeros stand for the defaults.
type SessionOptions struct {
	Ctx     int // context length in tokens: the model's, at most DefaultCtx
	Batch   int // tokens of a prompt evaluated together: DefaultBatch
	Threads int // machine.CountThreads().Default()
	// Types of keys and values in the cache, F32, F16 or Q8_0; nil is F16.
	CacheK, CacheV *quant.Type
	// Pool, if not nil, is used in place of one with Threads workers of its
	// own. Sessions that share one take turns, operation by operation.
	Pool *pool.Pool
}

// NewSession starts a conversation. Memory for the cache is allocated as it grows.
func (m *Model) NewSession(opt SessionOptions) (*Session, error) {
	c := &m.Config
	s := &Session{model: m, ctx: opt.Ctx, batch: opt.Batch, pool: opt.Pool}
	if s.ctx == 0 {
		s.ctx = min(c.TrainCtx, DefaultCtx)
	}
	if s.batch == 0 {
		s.batch = DefaultBatch
	}
	switch {
	case s.ctx < 0 || s.ctx > MaxCtx:
		return nil, fmt.Errorf("model: context of %d tokens, must be between 1 and %d", s.ctx, MaxCtx)
	case s.batch < 0:
		return nil, fmt.Errorf("model: batch of %d tokens, must be positive", s.batch)
	case opt.Threads < 0 || opt.Threads > pool.MaxThreads:
		return nil, fmt.Errorf("model: %d threads, must be between 1 and %d", opt.Threads, pool.MaxThreads)
	case s.ctx > c.TrainCtx:
		s.warning = fmt.Sprintf("a context of %d tokens is more than the %d the model was trained for: expect worse text beyond those", s.ctx, c.TrainCtx)
	}
	s.batch = min(s.batch, s.ctx)
	var err error
	if s.cache, err = newKVCache(c, cacheType(opt.CacheK), cacheType(opt.CacheV)); err != nil {
		return nil, err
	}
	if s.pool == nil {
		threads := opt.Threads
		if threads == 0 {
			threads = machine.CountThreads().Default()
		}
		s.pool, s.ownPool = pool.New(threads, gguf.Guard), true
	}
	s.reserve()
	return s, nil
}

func cacheType(t *quant.Type) quant.Type {
	if t == nil {
		return quant.F16
	}
	return *t
}

// reserve allocates the scratch memory.
func (s *Session) reserve() {
	c, workers := &s.model.Config, s.pool.Threads()
	s.buf = newBuffers(c, s.batch)
	s.buf.logits = make([]float32, c.VocabSize)
	s.acts = ggml.Prepare{Eps: c.NormEps}
	s.acts.Reserve(workers, s.batch, s.model.Weights.mostColumns())
	s.matmul.Reserve(workers, s.batch)
	s.attention = ggml.Attention{
		Format: &ggml.KVFormat{
			Heads:    1,
			KeyDim:   c.most(func(l *LayerConfig) int { return l.KeyDim }),
			ValueDim: c.most(func(l *LayerConfig) int { return l.ValueDim }),
		},
		Heads: c.most(func(l *LayerConfig) int { return l.NumHeads / l.NumKVHeads }),
	}
	s.attention.Reserve(workers, s.batch) // for the largest layer
	s.headNorm.Eps = c.NormEps
	pairs := s.model.rope.Pairs()
	s.kv = ggml.StoreKV{Rope: s.model.rope, At: &s.attention,
		Cos: make([]float32, s.batch*pairs), Sin: make([]float32, s.batch*pairs)}
	s.kv.Reserve(workers)
	if c.NumExperts > 0 {
		s.router = router{
			scores: make([]float32, s.batch*c.NumExperts),
			chosen: make([]int, c.NumExperts),
			tokens: make([]int, s.batch),
		}
	}
	s.tokens = make([]int32, 0, min(s.ctx, 1<<16))
}

// Close ends the session's workers.
func (s *Session) Close() error {
	if s.ownPool {
		s.pool.Close()
	}
	return nil
}

// Model returns the session's model.
func (s *Session) Model() *Model { return s.model }

// Pos returns the number of tokens evaluated so far.
func (s *Session) Pos() int { return len(s.tokens) }

// Ctx returns the context length: the most tokens that Pos can reach.
func (s *Session) Ctx() int { return s.ctx }

// Threads returns the number of workers.
func (s *Session) Threads() int { return s.pool.Threads() }

// Warning returns what the user should know of the options, "" for nothing.
func (s *Session) Warning() string { return s.warning }

// Tokens returns the tokens evaluated so far. They must not be changed, and are
// valid until the next call.
func (s *Session) Tokens() []int32 { return s.tokens }

// Truncate forgets all but the first n tokens.
func (s *Session) Truncate(n int) { s.tokens = s.tokens[:min(max(n, 0), len(s.tokens))] }

// Shift makes room in a full context: it forgets tokens keep to keep+discard-1
// and moves those after them down. Their keys are turned to their new positions
// and rounded to the cache's type again; what they took from forgotten tokens
// stays in them.
func (s *Session) Shift(keep, discard int) error {
	if keep < 0 || discard < 0 || keep+discard > len(s.tokens) {
		return fmt.Errorf("model: shift: tokens %d to %d of %d", keep, keep+discard, len(s.tokens))
	}
	if discard == 0 {
		return nil
	}
	s.cache.shift(s.model.rope, keep, discard, len(s.tokens))
	s.tokens = append(s.tokens[:keep], s.tokens[keep+discard:]...)
	return nil
}

// MemoryStats is the memory of a session, in bytes.
type MemoryStats struct {
	Cache   int64 // keys and values
	Scratch int64 // everything else, for a batch of prompt tokens
}

// MemoryStats returns the memory in use.
func (s *Session) MemoryStats() MemoryStats {
	scratch := s.buf.bytes() + s.acts.Bytes() + s.matmul.Bytes() + s.attention.Bytes() +
		4*(len(s.kv.Cos)+len(s.kv.Sin)+len(s.router.scores)+cap(s.tokens))
	return MemoryStats{Cache: s.cache.bytes(), Scratch: int64(scratch)}
}
