package engine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// windowed returns a model, most of whose layers have a window of 20 tokens.
func windowed(t *testing.T) *model.Model {
	return load(t, testmodel.Spec{Arch: &arch.Gemma3, Seed: 3, Dim: 32, Layers: 6, Window: 20, Tied: true}.Make())
}

// TestPrefixesWithWindows checks which prefixes are cached if the model has layers with a
// window, which keep few blocks. A text that has ended must be cached as a whole. From the third
// text on, the common prefix of texts that diverge must be cached.
func TestPrefixesWithWindows(t *testing.T) {
	m := windowed(t)
	e := start(t, m, Options{Ctx: 256, Parallel: 1, Threads: 2, Batch: 32})
	plain := start(t, m, Options{Ctx: 256, Parallel: 1, Threads: 1, NoCache: true})
	run := func(prompt string) (cached int, text string) {
		req := greedy(m, prompt, 12)
		var want strings.Builder
		_, err := plain.Run(context.Background(), req, func(t Token) error { want.WriteString(t.Text); return nil })
		require.NoError(t, err)
		var got strings.Builder
		r, err := e.Run(context.Background(), req, func(t Token) error { got.WriteString(t.Text); return nil })
		require.NoError(t, err)
		require.Equal(t, want.String(), got.String())
		return r.CachedTokens, got.String()
	}
	head := strings.Repeat("the llama and the ", 16)
	tokens := len(m.Tokenizer.Encode(head, true, false))
	require.Greater(t, tokens, 100)
	cached, said := run(head + "alpaca was on a up la ma ti pa an in er re nd")
	require.Zero(t, cached)
	run(head + "a llama nd re er in an pa ti ma la up")
	cached, _ = run(head + "in er")
	require.GreaterOrEqual(t, cached, tokens-model.BlockLen-2, "a text can continue where two texts have diverged")
	cached, _ = run(head + "alpaca was on a up la ma ti pa an in er re nd" + said + " and")
	require.Greater(t, cached, tokens, "a text can continue where an earlier text has ended")
}

// TestTextWithWindows checks that a text can be cut back to its prompt after a long answer, and
// that the prompt can be saved alone.
func TestTextWithWindows(t *testing.T) {
	m := windowed(t)
	e := start(t, m, Options{Ctx: 256, Parallel: 1, Threads: 2})
	text := e.NewText()
	req := greedy(m, strings.Repeat("the llama and the ", 12), 100)
	req.Sampling.IgnoreEOS = true
	n := len(req.Prompt)
	require.Greater(t, n, 70)
	_, err := text.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Equal(t, n+99, text.Len())
	require.Equal(t, n, text.Known(append(req.Prompt[:n:n], 5, 6)))

	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, text.Save(path, n, nil))
	again := e.NewText()
	_, err = again.Load(path)
	require.NoError(t, err)
	require.Equal(t, req.Prompt, again.Tokens())

	r, err := text.Run(context.Background(), req, nil)
	require.NoError(t, err)
	require.Equal(t, n-1, r.CachedTokens)
}

// TestMemoryOfWindows checks the memory that windows save: the cache of a long text must take
// less than 60 % of the memory of a cache that keeps everything.
func TestMemoryOfWindows(t *testing.T) {
	m := windowed(t)
	e := start(t, m, Options{Ctx: 2048, Parallel: 1, Threads: 2})
	req := greedy(m, strings.Repeat("the llama and the ", 220), 60)
	req.Sampling.IgnoreEOS = true
	_, err := e.Run(context.Background(), req, nil)
	require.NoError(t, err)
	c := e.runner.Cache()
	full := int64(c.BlockBytes()) * int64(c.Used())
	require.Greater(t, c.Used(), 40)
	require.Less(t, c.Bytes(), full*6/10)
}
