package oneshot

import (
	"context"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"alpaca/internal/builtin"
	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
)

// open returns the built-in model. parallel is the number of queries that it can answer at once.
func open(t *testing.T, parallel int) *Local {
	t.Helper()
	f, err := builtin.Open(gguf.Options{})
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	e, err := engine.New(m, engine.Options{Parallel: parallel, Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { e.Close(); m.Close() })
	text, _, err := f.String("tokenizer.chat_template")
	require.NoError(t, err)
	form, err := chat.FromModel(text, m.Tokenizer)
	require.NoError(t, err)
	return NewLocal(e, form, sampler.DefaultParams())
}

// TestAsk checks that an answer depends only on its query, and does not exceed the limits in the
// query.
func TestAsk(t *testing.T) {
	ask := func(text string) []chat.Message { return []chat.Message{{Role: chat.User, Content: text}} }
	queries := []Query{
		{Messages: ask("What is 3 plus 4?"), MaxTokens: 20, Seed: 1},
		{Messages: ask("Tell me a story about a fox."), MaxTokens: 12, Seed: 2, Logprob: true},
		{Messages: ask("Tell me a story about a fox."), MaxTokens: -1, MaxChars: 30, Seed: 3},
		{Prompt: "Once upon", MaxTokens: 15, Seed: 4, NoEnd: true},
		{Prompt: "Once upon a time, there was", MaxTokens: 40, Stop: []string{"."}, Seed: 5},
		{Messages: ask("Which is it?"), MaxTokens: 20, Seed: 6, Grammar: `root ::= "yes" | "no"`},
	}
	want := make([]Answer, len(queries))
	one := open(t, 1)
	for i, q := range queries {
		a, err := one.Ask(t.Context(), q)
		require.NoError(t, err)
		a.Took = 0
		want[i] = a
	}
	require.Equal(t, "7", strings.TrimSpace(want[0].Text))
	require.True(t, want[1].Cut)
	require.Equal(t, 12, want[1].Tokens)
	require.Less(t, want[1].Logprob, 0.0)
	require.True(t, want[2].Cut)
	require.GreaterOrEqual(t, utf8.RuneCountInString(want[2].Text), 30)
	require.Less(t, utf8.RuneCountInString(want[2].Text), 50)
	require.Equal(t, 15, want[3].Tokens)
	require.NotContains(t, want[4].Text, ".")
	require.Contains(t, []string{"yes", "no"}, want[5].Text)

	many := open(t, 4)
	got := make([]Answer, len(queries))
	var wait sync.WaitGroup
	for i, q := range queries {
		wait.Go(func() {
			a, err := many.Ask(t.Context(), q)
			require.NoError(t, err)
			a.Took = 0
			got[i] = a
		})
	}
	wait.Wait()
	require.Equal(t, want, got)
}

func TestFailures(t *testing.T) {
	l := open(t, 1)
	_, err := l.Ask(t.Context(), Query{Prompt: strings.Repeat("word ", 500), MaxTokens: 1})
	var long *engine.PromptError
	require.ErrorAs(t, err, &long)
	require.False(t, l.Fits(strings.Repeat("word ", 500), 1))
	require.True(t, l.Fits("word", 10))
	_, err = l.Ask(t.Context(), Query{Prompt: "x", Grammar: "root ::= ["})
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Ask(ctx, Query{Prompt: "x", MaxTokens: 5})
	require.ErrorIs(t, err, context.Canceled)
	l.Template = nil
	_, err = l.Ask(t.Context(), Query{Messages: []chat.Message{{Role: chat.User, Content: "x"}}})
	require.ErrorIs(t, err, ErrNoTemplate)
}
