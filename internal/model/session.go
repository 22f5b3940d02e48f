package model

import (
	"context"
	"fmt"
	"io"

	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// Session is a Runner with a single text, up to a context length. It is not safe for
// concurrent use. Evaluating one token allocates nothing except a cache block now and then.
type Session struct {
	*Runner
	seq     *Seq
	ctx     int
	batch   Batch
	warning string
}

// Limits and defaults of sessions.
const (
	DefaultCtx = 4096    // the longest context that is used by default, in tokens
	MaxCtx     = 1 << 24 // the longest context that can be asked for, in tokens
)

// SessionOptions are the settings of a Session. A zero stands for the default.
type SessionOptions struct {
	Ctx     int // context length in tokens; default: the training context of the model, but at most DefaultCtx
	Batch   int // the largest number of tokens of a prompt that are evaluated together; default DefaultBatch
	Threads int // the number of workers; default machine.CountThreads().Default()
	// CacheK and CacheV are the types of keys and values in the cache, see ggml.KVFormat; nil
	// stands for F16.
	CacheK, CacheV *quant.Type
	// Pool, if not nil, provides the workers. Otherwise NewSession makes a new pool with
	// Threads workers. Sessions that share a Pool take turns, operation by operation.
	Pool *pool.Pool
}

// ContextError says that tokens do not fit the context.
type ContextError struct {
	Pos, New, Ctx int // tokens already in the text, tokens to add, and the context length
}

func (e *ContextError) Error() string {
	if e.Pos == 0 {
		return fmt.Sprintf("model: %d tokens do not fit the context of %d", e.New, e.Ctx)
	}
	return fmt.Sprintf("model: %d tokens after %d do not fit the context of %d", e.New, e.Pos, e.Ctx)
}

// Context returns the context length to use if a user asks for ctx tokens; 0 stands for the
// default. warning is a message for the user, or "".
func (m *Model) Context(ctx int) (n int, warning string, err error) {
	train := m.Config.TrainCtx
	if ctx == 0 {
		ctx = min(train, DefaultCtx)
	}
	switch {
	case ctx < 0 || ctx > MaxCtx:
		return 0, "", fmt.Errorf("model: context of %d tokens, must be between 1 and %d", ctx, MaxCtx)
	case m.ropesFor(ctx) != m.ropes && ctx <= train:
		warning = fmt.Sprintf("with a context of %d tokens, this model uses its frequency factors for long texts, even if a text is short; with a context of at most %d tokens, it uses the factors for short texts", ctx, m.Config.Rope.OrigCtx&^255)
	case ctx > train:
		warning = fmt.Sprintf("the context of %d tokens is longer than the %d tokens that the model was trained with: expect worse text beyond that length", ctx, train)
	}
	return ctx, warning, nil
}

// NewSession returns a Session with an empty text. Memory for the cache is allocated as the
// text grows.
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

// Ctx returns the context length: the largest number of tokens that Pos can reach.
func (s *Session) Ctx() int { return s.ctx }

// Warning returns a warning about the options for the user, or "".
func (s *Session) Warning() string { return s.warning }

// Tokens returns the tokens evaluated so far. The caller must not change them. They are valid
// until the next change of the text.
func (s *Session) Tokens() []int32 { return s.seq.Tokens() }

// Truncate removes all tokens except the first
// Seq.Reachable(n). It returns how many tokens are left.
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

// Eval appends tokens to the text, and returns the logits [VocabSize] of the
// token after the last one. The logits are valid until the next call. If
// progress is not nil, it is called after each layer and after each batch.
// Within a batch, done is in proportion to the layers that are complete.
//
// Eval returns a *ContextError if the tokens do not fit the context, and a *gguf.FaultError if
// the file was truncated while in use. It checks ctx before every layer. After an error, or
// when ctx is cancelled, the tokens of complete batches stay in the text.
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
			from := done // a copy, so that done does not escape if progress is nil
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

// EvalEach evaluates tokens as Eval does. For every i ≥ from, in order, it calls each with i and
// the logits after tokens[i]. The logits are valid during the call. If each returns an
// error, EvalEach returns it. The text then has all tokens of the current batch.
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
