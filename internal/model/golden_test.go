package model_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testshared"

	"github.com/stretchr/testify/require"
)

// golden is a record of ../shared/golden: what the reference implementation did.
type golden struct {
	Model        string
	Prompt       string
	PromptTokens []int32 `json:"prompt_tokens"`
	Tokens       []int32
	Text         string
	Probs        []struct {
		ID      int32
		Logprob float64
		Top     [][2]float64
	}
}

func readGoldens(t *testing.T, name string) []golden {
	f, err := os.Open(testshared.Path(t, "golden/"+name))
	require.NoError(t, err)
	defer f.Close()
	var list []golden
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var g golden
		require.NoError(t, json.Unmarshal(lines.Bytes(), &g))
		list = append(list, g)
	}
	require.NoError(t, lines.Err())
	return list
}

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

// tolerance returns how far the logprobs of the first step may lie from the
// reference's, in the mean by probability.
//
// Activations that are rounded to 8 bits make small models chaotic: where one
// value falls to the other side of a half, single logprobs of unlikely tokens
// move by 0.1. The reference rounds the scales of activations, the queries and
// the probabilities of attention to float16; imitating these three gives its
// numbers to four places, leaving out any one of them does not. (For the same
// reason the tokens of s-q8_0 part from the reference's, where its two best lie
// 0.001 and 0.004 apart.)
func tolerance(name string) float64 {
	switch {
	case strings.HasPrefix(name, "r-q2_k"), strings.HasPrefix(name, "r-q3_k"):
		return 0.08
	case name == "stories260K", name == "random-11", strings.HasSuffix(name, "-f16"):
		return 0.002
	case strings.HasSuffix(name, "-bf16"):
		return 0.01 // the reference rounds activations to bfloat16
	case name == "s-q8_0":
		return 0.05
	}
	return 0.03
}

func TestGoldens(t *testing.T) {
	exact := map[string]bool{"stories260K": true, "s-f16": true, "s-bf16": true}
	for _, file := range []string{"stories.jsonl", "random.jsonl"} {
		models := map[string]*model.Model{}
		outer := t
		for _, g := range readGoldens(t, file) {
			t.Run(g.Model+"/"+g.Prompt[:min(len(g.Prompt), 12)], func(t *testing.T) {
				if models[g.Model] == nil {
					models[g.Model] = load(outer, g.Model+".gguf")
				}
				s := session(t, models[g.Model], model.SessionOptions{Threads: 2})
				logits, err := s.Eval(context.Background(), g.PromptTokens, nil)
				require.NoError(t, err)
				worst, mean, weights := 0.0, 0.0, 0.0
				for _, top := range g.Probs[0].Top {
					d := math.Abs(logprob(logits, int32(top[0])) - top[1])
					p := math.Exp(top[1])
					worst, mean, weights = max(worst, d), mean+p*d, weights+p
				}
				mean /= weights
				t.Logf("first step: difference of the 8 best logprobs: mean %.4f, worst %.4f", mean, worst)
				require.Less(t, mean, tolerance(g.Model))
				if !exact[g.Model] {
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
}
