package model_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testshared"

	"github.com/stretchr/testify/require"
)

// load opens a model of the shared folder.
func load(t testing.TB, name string) *model.Model {
	f, err := gguf.Open(testshared.Path(t, "models/"+name))
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func session(t testing.TB, m *model.Model, opt model.SessionOptions) *model.Session {
	s, err := m.NewSession(opt)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func argmax(x []float32) int32 {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return int32(best)
}

// logprob returns the logarithm of the probability of token id.
func logprob(logits []float32, id int32) float64 {
	m := float64(logits[argmax(logits)])
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - m)
	}
	return float64(logits[id]) - m - math.Log(sum)
}

// tolerance returns how far the logprobs of the first step may differ from those of the reference,
// according to ../shared/golden/README.md.
func tolerance(name string) float64 {
	switch {
	case strings.HasPrefix(name, "r-q2_k"), strings.HasPrefix(name, "r-q3_k"):
		return 0.08
	case name == "stories260K", name == "random-11", strings.HasSuffix(name, "-f16"):
		return 0.005
	}
	return 0.03
}

// TestGoldens compares the logprobs of the first token with those of the reference. For the models
// in the list called exact, it compares all tokens.
//
// This program rounds where the reference does. So in most records, and in all records of the
// models in the list called same, the 8 best logprobs agree to four decimal places. But the order
// of additions differs: the reference adds the products of a block in 8 lanes, and this program
// does so only for Q5_1. In a few records, this moves one activation across a rounding boundary,
// and logprobs of unlikely tokens change by up to 0.09. The test allows four such records.
func TestGoldens(t *testing.T) {
	same := []string{"s-q4_0", "s-q4_1", "s-q5_0", "s-q5_1"}
	exact := []string{"stories260K", "s-f16", "s-bf16", "s-q8_0", "random-11", "r-f16", "r-bf16", "r-q8_0"}
	records, all8 := 0, 0
	for _, file := range []string{"stories.jsonl", "random.jsonl"} {
		models := map[string]*model.Model{}
		outer := t
		for _, g := range testshared.ReadLines[testshared.Continuation](t, testshared.Path(t, "golden/"+file)) {
			t.Run(g.Model+"/"+g.Prompt[:min(len(g.Prompt), 12)], func(t *testing.T) {
				if models[g.Model] == nil {
					models[g.Model] = load(outer, g.Model+".gguf")
				}
				s := session(t, models[g.Model], model.SessionOptions{Threads: 2})
				logits, err := s.Eval(context.Background(), g.PromptTokens, nil)
				require.NoError(t, err)
				first := g.Probs[0]
				require.InDelta(t, first.Logprob, logprob(logits, first.ID), tolerance(g.Model))
				worst := 0.0
				for _, top := range first.Top {
					worst = max(worst, math.Abs(logprob(logits, int32(top[0]))-top[1]))
				}
				t.Logf("first step: largest difference of the 8 best logprobs: %.4f", worst)
				require.Less(t, worst, 0.1)
				if slices.Contains(same, g.Model) {
					require.Less(t, worst, 0.0005)
				}
				records++
				if worst <= tolerance(g.Model) {
					all8++
				}
				if !slices.Contains(exact, g.Model) {
					return
				}
				var tokens []int32
				for range g.Tokens {
					id := argmax(logits)
					tokens = append(tokens, id)
					logits, err = s.Eval(context.Background(), []int32{id}, nil)
					require.NoError(t, err)
				}
				require.Equal(t, g.Tokens, tokens)
			})
		}
	}
	require.GreaterOrEqual(t, all8, records-4, "too few of %d records have 8 best logprobs within the tolerance", records)
}
