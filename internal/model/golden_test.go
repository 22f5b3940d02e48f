package model_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
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

func TestGoldens(t *testing.T) {
	exact := map[string]bool{"stories260K": true, "s-f16": true, "s-bf16": true, "s-q8_0": true}
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
				worst := 0.0
				for _, top := range g.Probs[0].Top {
					d := math.Abs(logprob(logits, int32(top[0])) - top[1])
					worst = max(worst, d)
				}
				t.Logf("first step: worst difference of logprob %.4f", worst)
				require.Less(t, worst, 0.03)
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
