package engine

import (
	"context"
	"sync/atomic"

	"alpaca/internal/model"
)

// Text is a text that outlives its requests, such as a conversation. What it holds is not
// evaluated again, even after its context was shifted. A Text serves one request at a time;
// its owner must not use it meanwhile.
type Text struct {
	engine *Engine
	seq    *model.Seq
	busy   atomic.Bool
}

// NewText returns an empty text.
func (e *Engine) NewText() *Text { return &Text{engine: e, seq: e.runner.NewSeq()} }

// With calls fn with the text's tokens, keys and values, while the engine stands still.
func (t *Text) With(fn func(s *model.Seq) error) error {
	t.engine.work.Lock()
	defer t.engine.work.Unlock()
	return fn(t.seq)
}

// Tokens returns the tokens that are evaluated. They must not be changed, and are valid
// until the next change of the text.
func (t *Text) Tokens() []int32 { return t.seq.Tokens() }

// Known returns how many of the first tokens the text holds. A request with that prompt does
// not evaluate them again. The last token is never among them.
func (t *Text) Known(tokens []int32) int {
	return t.seq.Reachable(same(t.Tokens(), tokens[:max(0, len(tokens)-1)]))
}

// Run is Engine.Run with the text.
func (t *Text) Run(ctx context.Context, req Request, emit func(Token) error) (Result, error) {
	req.Text = t
	return t.engine.Run(ctx, req, emit)
}

// Len returns their number.
func (t *Text) Len() int { return t.seq.Len() }

// Ctx returns how many tokens the text can have.
func (t *Text) Ctx() int { return t.engine.Ctx() }

// Truncate forgets all but the first n tokens.
func (t *Text) Truncate(n int) {
	t.With(func(s *model.Seq) error { s.Truncate(n); return nil })
}

// Shift makes room in a full context; see model.Seq.
func (t *Text) Shift(keep, discard int) error {
	return t.With(func(s *model.Seq) error { return s.Shift(keep, discard) })
}
