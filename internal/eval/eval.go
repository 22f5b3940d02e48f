// Package eval measures how well a model predicts a text, and how far one
// model's predictions are from another's: perplexity, KL divergence, Δp, same top.
//
// Every position is scored on its own and all sums run in the text's order, so
// that a result is the same to the bit for any number of threads, any batch
// size and any machine.
package eval

import (
	"context"
	"fmt"

	"alpaca/internal/sampler"
)

// Session evaluates tokens; *model.Session is one.
type Session interface {
	// EvalEach appends tokens to those evaluated and gives the logits [vocab]
	// after each of tokens[from:] to each, which must not keep them.
	EvalEach(ctx context.Context, tokens []int32, from int, each func(i int, logits []float32) error) error
	// Truncate forgets all but the first n tokens, or more than that; it returns how many
	// are left.
	Truncate(n int) int
}

// errNotNumbers is the error of logits that are NaN or infinite.
func errNotNumbers(pos int) error {
	return fmt.Errorf("eval: %w at position %d of the window", sampler.ErrNotNumbers, pos)
}
