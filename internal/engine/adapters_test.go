package engine

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// adapted returns m with two adapters.
func adapted(t testing.TB, m *model.Model) *model.Model {
	for i, scale := range []float32{0.5, 1} {
		var err error
		m, err = m.WithLoRA(testmodel.AdapterSpec{Seed: uint64(i), Rank: 2 + i, Part: 0.5}.Make(m.File), scale)
		require.NoError(t, err)
	}
	return m
}

// TestAdaptersDivideTheCache checks that a cached prefix is shared only between texts with the
// same scales of the adapters.
func TestAdaptersDivideTheCache(t *testing.T) {
	m := adapted(t, load(t, testmodel.SPM(1)))
	e := start(t, m, Options{Threads: 1, Parallel: 1, Blocks: 200})
	cached := func(scales []float32) int {
		req := greedy(m, "the llama and the alpaca was on a up la ma ti pa an in er re nd the llama and the alpaca was on a up", 1)
		req.LoRA = scales
		res, err := e.Run(context.Background(), req, nil)
		require.NoError(t, err)
		return res.CachedTokens
	}
	require.Zero(t, cached([]float32{0, 0}))
	all := cached([]float32{0, 0})
	require.Positive(t, all)
	require.Zero(t, cached([]float32{1, 0}))
	require.Zero(t, cached([]float32{0, 1}))
	require.Zero(t, cached([]float32{0.5, 0}))
	require.Zero(t, cached(nil)) // nil stands for the scales of the model, 0.5 and 1
	require.Equal(t, all, cached([]float32{0.5, 1}))
	require.Equal(t, all, cached([]float32{1, 0}))
	require.Equal(t, all, cached([]float32{0, 0}))
	_, err := e.Submit(context.Background(), Request{Prompt: []int32{1}, LoRA: []float32{1}})
	require.EqualError(t, err, "engine: scales of 1 adapters, but the model has 2")
}

// TestAdaptersOfSavedTexts checks that a saved text loads only with the scales that it was
// evaluated with.
func TestAdaptersOfSavedTexts(t *testing.T) {
	m := adapted(t, load(t, testmodel.SPM(1)))
	e := start(t, m, Options{Threads: 1, Parallel: 1})
	saved := e.NewText()
	req := greedy(m, "the llama", 0)
	req.LoRA = []float32{1, 0}
	_, err := saved.Run(context.Background(), req, nil)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "text")
	require.NoError(t, saved.Save(path, saved.Len(), nil))
	_, err = e.NewText().Load(path) // a new text has the model's scales
	require.ErrorIs(t, err, ErrOtherModel)
	_, err = saved.Load(path)
	require.NoError(t, err)
	req.LoRA = nil
	_, err = saved.Run(context.Background(), req, nil) // other scales, so the text begins anew
	require.NoError(t, err)
	_, err = saved.Load(path)
	require.ErrorIs(t, err, ErrOtherModel)
}
