package engine

import (
	"context"
	"sync/atomic"

	"alpaca/internal/model"
)

// Text is a text that outlives its requests, such as a conversation. Its
// tokens are not evaluated again, even after its context was shifted. A
// Text serves one request at a time. Meanwhile its owner must not use it.
type Text struct {
	engine *Engine
	seq    *model.Seq
	busy   atomic.Bool
}

// NewText returns an empty text.
func (e *Engine) NewText() *Text { return &Text{engine: e, seq: e.runner.NewSeq()} }

// With calls fn with the text's tokens, keys and values. No step of the engine runs meanwhile.
func (t *Text) With(fn func(s *model.Seq) error) error {
	t.engine.work.Lock()
	defer t.engine.work.Unlock()
	return fn(t.seq)
}

// Tokens returns the evaluated tokens. The caller must not change them. They are valid until
// the next change of the text.
func (t *Text) Tokens() []int32 { return t.seq.Tokens() }

// Known returns how many tokens of a prompt the text has already. A request with the prompt does
// not evaluate them again. The last token of the prompt never counts, because it is always
// evaluated.
func (t *Text) Known(tokens []int32) int {
	return t.seq.Reachable(same(t.Tokens(), tokens[:max(0, len(tokens)-1)]))
}

// Run calls Engine.Run with t as the Text of the request.
func (t *Text) Run(ctx context.Context, req Request, emit func(Token) error) (Result, error) {
	req.Text = t
	return t.engine.Run(ctx, req, emit)
}

// Len returns the number of evaluated tokens.
func (t *Text) Len() int { return t.seq.Len() }

// Ctx returns the largest number of tokens that the text can have.
func (t *Text) Ctx() int { return t.engine.Ctx() }

// Truncate removes all tokens except the first n. If the text cannot be cut back to n tokens,
// Truncate removes more of them: see model.Seq.Reachable.
func (t *Text) Truncate(n int) {
	t.With(func(s *model.Seq) error { s.Truncate(n); return nil })
}

// Shift makes room in a full context; see model.Seq.
func (t *Text) Shift(keep, discard int) error {
	return t.With(func(s *model.Seq) error { return s.Shift(keep, discard) })
}
