// Package eval measures how well a model predicts a text (perplexity), and how far one model's
// predictions are from another's: the KL divergence, the change in the probability of the text's
// tokens (Δp), and how often both models have the same most likely token (same top).
//
// Every position is scored on its own, and all sums run in the order of the text. So a result
// has the same bits for any number of threads, any batch size and any machine.
package eval

import (
	"context"
	"fmt"

	"alpaca/internal/sampler"
)

// Session evaluates tokens. *model.Session implements it.
type Session interface {
	// EvalEach evaluates tokens after those already evaluated. For every token
	// of tokens[from:], it calls the function each with the token's index i in
	// tokens and the logits [vocab] after the token. each must not keep logits.
	EvalEach(ctx context.Context, tokens []int32, from int, each func(i int, logits []float32) error) error
	// Truncate keeps at most the first n tokens and returns how many it has kept. It may keep fewer
	// than n.
	Truncate(n int) int
}

// errNotNumbers returns the error for logits that are NaN or infinite.
func errNotNumbers(pos int) error {
	return fmt.Errorf("eval: %w at position %d of the window", sampler.ErrNotNumbers, pos)
}
