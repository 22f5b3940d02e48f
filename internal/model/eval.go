package model

import (
	"context"
	"fmt"

	"alpaca/internal/gguf"
	"alpaca/internal/machine"
)

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

// Eval evaluates tokens, which follow those evaluated before, and returns the
// logits [VocabSize] of what comes after the last; they are valid until the next
// call. progress, if not nil, is called after each layer and after each batch; within
// a batch, done is the number of tokens that would have been the same work.
//
// Tokens that do not fit are a *ContextError, and a file that was cut while in
// use a *gguf.FaultError. After an error, or when ctx is cancelled, which is
// looked at after every layer, the batches that are complete stay evaluated.
func (s *Session) Eval(ctx context.Context, tokens []int32, progress func(done, total int)) ([]float32, error) {
	if err := s.checkTokens(tokens); err != nil {
		return nil, err
	}
	logits := s.buf.logits[:s.model.Config.VocabSize]
	for done := 0; done < len(tokens); {
		n := min(s.batch, len(tokens)-done)
		wanted := 0
		if done+n == len(tokens) {
			wanted = 1
		}
		var layer func(layers int)
		if progress != nil {
			layer = func(layers int) { progress(done+n*layers/s.model.Config.NumLayers, len(tokens)) }
		}
		err := gguf.Guard(func() error {
			h, err := s.forward(ctx, tokens[done:done+n], wanted, layer)
			if err == nil && wanted > 0 {
				err = s.logits(logits, h)
			}
			return err
		})
		if err = s.finish(tokens[done:done+n], err); err != nil {
			return nil, err
		}
		if done += n; progress != nil {
			progress(done, len(tokens))
		}
	}
	return logits, nil
}

// EvalEach evaluates tokens as Eval does and calls each with the logits after
// every token i ≥ from of them, in order; they are valid during the call. An
// error of each ends the evaluation, with the batch's tokens evaluated.
func (s *Session) EvalEach(ctx context.Context, tokens []int32, from int, each func(i int, logits []float32) error) error {
	if err := s.checkTokens(tokens); err != nil {
		return err
	}
	vocab, dim := s.model.Config.VocabSize, s.model.Config.Dim
	rows := logitRows(vocab, s.batch)
	if len(s.buf.logits) < rows*vocab {
		if err := machine.Reserve(4 * int64(rows*vocab)); err != nil {
			return fmt.Errorf("model: the logits of %d tokens: %w", rows, err)
		}
		s.buf.logits = make([]float32, rows*vocab)
	}
	for done := 0; done < len(tokens); {
		n := min(s.batch, len(tokens)-done)
		wanted := min(n, max(0, done+n-from))
		var h []float32
		err := gguf.Guard(func() (err error) {
			h, err = s.forward(ctx, tokens[done:done+n], wanted, nil)
			return err
		})
		if err = s.finish(tokens[done:done+n], err); err != nil {
			return err
		}
		done += n
		for i := done - wanted; i < done; i += rows {
			m := min(rows, done-i)
			part := h[:m*dim]
			h = h[m*dim:]
			logits := s.buf.logits[:m*vocab]
			if err := gguf.Guard(func() error { return s.logits(logits, part) }); err != nil {
				s.err = nil
				return err
			}
			for j := range m {
				if err := each(i+j, logits[j*vocab:(j+1)*vocab]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkTokens returns an error if tokens cannot be evaluated now.
func (s *Session) checkTokens(tokens []int32) error {
	if len(tokens) == 0 {
		return fmt.Errorf("model: no tokens to evaluate")
	}
	if len(s.tokens)+len(tokens) > s.ctx {
		return &ContextError{Pos: len(s.tokens), New: len(tokens), Ctx: s.ctx}
	}
	for _, id := range tokens {
		if id < 0 || int(id) >= s.model.Config.VocabSize {
			return fmt.Errorf("model: token %d is not in the vocabulary of %d", id, s.model.Config.VocabSize)
		}
	}
	if len(tokens) > 1 {
		// A file that was cut faults, except within the last page that is
		// left, which is read as zeros: worth a look now and then.
		return s.model.File.Unchanged()
	}
	return nil
}

// finish records a batch as evaluated, unless err says that it failed.
func (s *Session) finish(batch []int32, err error) error {
	s.err = nil
	if err == nil {
		s.tokens = append(s.tokens, batch...)
	}
	return err
}
