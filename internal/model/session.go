package model

import (
	"context"
	"fmt"
	"io"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// Session is a Runner with one text, up to a context length. It is not safe for concurrent
// use. Evaluating one token allocates nothing.
type Session struct {
	*Runner
	seq     *Seq
	ctx     int
	batch   Batch
	warning string
}

// Limits and defaults of sessions.
const (
	DefaultCtx = 4096 // cap of the context length where none is asked for
	MaxCtx     = 1 << 24
)

// SessionOptions say how a session is made; zeros stand for the defaults.
type SessionOptions struct {
	Ctx     int // context length in tokens: the model's, at most DefaultCtx
	Batch   int // tokens of a prompt evaluated together: DefaultBatch
	Threads int // machine.CountThreads().Default()
	// Types of keys and values in the cache, see ggml.KVFormat; nil is F16.
	CacheK, CacheV *quant.Type
	// Pool, if not nil, is used in place of one with Threads workers of its
	// own. Sessions that share one take turns, operation by operation.
	Pool *pool.Pool
}

// ContextError says that tokens do not fit the context.
type ContextError struct {
	Pos, New, Ctx int // tokens evaluated, tokens to evaluate, context length
}

func (e *ContextError) Error() string {
	if e.Pos == 0 {
		return fmt.Sprintf("model: %d tokens do not fit the context of %d", e.New, e.Ctx)
	}
	return fmt.Sprintf("model: %d tokens after %d do not fit the context of %d", e.New, e.Pos, e.Ctx)
}

// Context returns the context length to use when a user asks for ctx; 0 asks for the default.
// The text is a warning for the user, "" for none.
func (m *Model) Context(ctx int) (n int, warning string, err error) {
	train := m.Config.TrainCtx
	if ctx == 0 {
		ctx = min(train, DefaultCtx)
	}
	switch {
	case ctx < 0 || ctx > MaxCtx:
		return 0, "", fmt.Errorf("model: context of %d tokens, must be between 1 and %d", ctx, MaxCtx)
	case m.ropesFor(ctx) != m.ropes && ctx <= train:
		warning = fmt.Sprintf("in a context of %d tokens this model's frequency factors for long texts apply, to short ones too; those for short texts up to %d", ctx, m.Config.Rope.OrigCtx&^255)
	case ctx > train:
		warning = fmt.Sprintf("a context of %d tokens is more than the %d the model was trained for: expect worse text beyond those", ctx, train)
	}
	return ctx, warning, nil
}

// NewSession starts a text. Memory for the cache is allocated as it grows.
func (m *Model) NewSession(opt SessionOptions) (*Session, error) {
	ctx, warning, err := m.Context(opt.Ctx)
	if err != nil {
		return nil, err
	}
	batch := opt.Batch
	if batch == 0 {
		batch = DefaultBatch
	}
	r, err := m.NewRunner(RunnerOptions{
		Batch: min(batch, ctx), Ctx: ctx, Threads: opt.Threads, CacheK: opt.CacheK, CacheV: opt.CacheV, Pool: opt.Pool,
	})
	if err != nil {
		return nil, err
	}
	s := &Session{Runner: r, seq: r.NewSeq(), ctx: ctx, warning: warning}
	s.seq.tokens = make([]int32, 0, min(ctx, 1<<16))
	return s, nil
}

// Pos returns the number of tokens evaluated so far.
func (s *Session) Pos() int { return s.seq.Len() }

// Ctx returns the context length: the most tokens that Pos can reach.
func (s *Session) Ctx() int { return s.ctx }

// Warning returns what the user should know of the options, "" for nothing.
func (s *Session) Warning() string { return s.warning }

// Tokens returns the tokens evaluated so far. They must not be changed, and are
// valid until the next call.
func (s *Session) Tokens() []int32 { return s.seq.Tokens() }

// Truncate forgets all but the first n tokens, or fewer: see Seq.Reachable. It returns how
// many are left.
func (s *Session) Truncate(n int) int {
	s.seq.Truncate(n)
	return s.Pos()
}

// Shift makes room in a full context; see Seq.Shift.
func (s *Session) Shift(keep, discard int) error { return s.seq.Shift(keep, discard) }

// SaveState writes the first n tokens; see Seq.Save.
func (s *Session) SaveState(w io.Writer, n int) error { return s.seq.Save(w, n) }

// LoadState restores what SaveState wrote; see Seq.Load.
func (s *Session) LoadState(r io.Reader) error { return s.seq.Load(r, s.ctx) }

// Eval evaluates tokens, which follow those evaluated before, and returns the
// logits [VocabSize] of what comes after the last; they are valid until the next
// call. progress, if not nil, is called after each layer and after each batch; within
// a batch, done is the number of tokens that would have been the same work.
//
// Tokens that do not fit are a *ContextError, and a file that was truncated while in use is a
// *gguf.FaultError. Eval checks ctx after every layer. After an error, or when ctx is
// cancelled, the complete batches stay evaluated.
func (s *Session) Eval(ctx context.Context, tokens []int32, progress func(done, total int)) ([]float32, error) {
	if err := s.checkRoom(tokens); err != nil {
		return nil, err
	}
	s.batch.Progress = nil
	for done := 0; done < len(tokens); {
		n := min(s.MaxRows(), len(tokens)-done)
		wanted := 0
		if done+n == len(tokens) {
			wanted = 1
		}
		if progress != nil {
			from := done // so that done does not escape where nobody asks
			s.batch.Progress = func(layers int) { progress(from+n*layers/s.model.Config.NumLayers, len(tokens)) }
		}
		s.batch.Reset()
		s.batch.AddAll(s.seq, tokens[done:done+n], wanted)
		if err := s.Forward(ctx, &s.batch); err != nil {
			return nil, err
		}
		s.seq.Trim()
		if done += n; progress != nil {
			progress(done, len(tokens))
		}
	}
	return s.Logits(0, 1)
}

// EvalEach evaluates tokens as Eval does and calls each with the logits after
// every token i ≥ from of them, in order; they are valid during the call. An
// error of each ends the evaluation, with the batch's tokens evaluated.
func (s *Session) EvalEach(ctx context.Context, tokens []int32, from int, each func(i int, logits []float32) error) error {
	if err := s.checkRoom(tokens); err != nil {
		return err
	}
	s.batch.Progress = nil
	for done := 0; done < len(tokens); {
		n := min(s.MaxRows(), len(tokens)-done)
		s.batch.Reset()
		s.batch.AddAll(s.seq, tokens[done:done+n], min(n, max(0, done+n-from)))
		if err := s.Forward(ctx, &s.batch); err != nil {
			return err
		}
		s.seq.Trim()
		done += n
		first := done - s.batch.Wanted()
		err := s.EachLogits(s.batch.Wanted(), func(row int, logits []float32) error { return each(first+row, logits) })
		if err != nil {
			return err
		}
	}
	return nil
}

// checkRoom returns an error unless there are tokens, and the context has room for them.
func (s *Session) checkRoom(tokens []int32) error {
	if len(tokens) == 0 {
		return fmt.Errorf("model: no tokens to evaluate")
	}
	if s.Pos()+len(tokens) > s.ctx {
		return &ContextError{Pos: s.Pos(), New: len(tokens), Ctx: s.ctx}
	}
	return s.model.checkTokens(tokens)
}
