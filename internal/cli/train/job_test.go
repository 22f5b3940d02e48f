package train

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/train"
	"alpaca/internal/train/rows"
)

// TestSplit checks how many examples are held out: the fraction that --eval-split asks for, and by
// default at most maxHeldOut.
func TestSplit(t *testing.T) {
	const examples, tokens = 10_000, 20 // number of examples, and tokens of each
	list := make([]train.Example, examples)
	for _, c := range []struct {
		name string
		set  settings
		want int
	}{
		{"asked for", settings{EvalSplit: 0.02, Tokens: 1000}, 200},
		{"three epochs", settings{EvalSplit: 0.02, EvalBound: true, Epochs: 3}, 200},
		{"one epoch", settings{EvalSplit: 0.02, EvalBound: true, Epochs: 1}, 100},
		{"a fifth of an epoch", settings{EvalSplit: 0.02, EvalBound: true, Tokens: examples * tokens / 5}, 20},
		{"updates", settings{EvalSplit: 0.02, EvalBound: true, Epochs: 3, MaxSteps: 100, BatchSize: 16}, 16},
		{"updates of packed rows", settings{EvalSplit: 0.02, EvalBound: true, MaxSteps: 100, BatchSize: 16, Packing: true, MaxLength: 80}, 64},
		{"short", settings{EvalSplit: 0.02, EvalBound: true, Epochs: 3, MaxSteps: 1, BatchSize: 1}, samplesAtEnds},
		{"a preset without", settings{EvalSplit: 0, EvalBound: true, Epochs: 3}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := &job{options: &options{settings: c.set}, examples: &rows.Result{Examples: list, Tokens: examples * tokens}}
			j.split()
			require.Len(t, j.heldOut, c.want)
			require.Len(t, j.training, examples-c.want)
		})
	}
}

// TestFinite checks that NaN and infinity are written as null, and that null is read back as NaN.
// Samples have such probabilities if a model has diverged.
func TestFinite(t *testing.T) {
	text, err := json.Marshal(sampled{Samples: []sample{{First: finite(math.NaN())}, {First: finite(math.Inf(1))}, {First: 0.25}}})
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(text), `"first_token_probability":null`))
	var back sampled
	require.NoError(t, json.Unmarshal(text, &back))
	require.True(t, math.IsNaN(float64(back.Samples[0].First)))
	require.Equal(t, finite(0.25), back.Samples[2].First)
}
