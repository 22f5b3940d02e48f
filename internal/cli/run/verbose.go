package run

import (
	"context"

	"alpaca/internal/model"
)

// verboseSession is a session that shows the tokens of prompts before they are
// evaluated: what a conversation adds to those before.
type verboseSession struct {
	*model.Session
	show func(tokens []int32)
}

// Eval evaluates tokens. Only those of a prompt have a progress to be told of.
func (s verboseSession) Eval(ctx context.Context, tokens []int32, progress func(done, total int)) ([]float32, error) {
	if progress != nil {
		s.show(tokens)
	}
	return s.Session.Eval(ctx, tokens, progress)
}
