package promptcache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

func open(t *testing.T, m *testmodel.Model, opt model.LoadOptions) *model.Session {
	t.Helper()
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	loaded, err := model.Load(f, opt)
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	s, err := loaded.NewSession(model.SessionOptions{Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func eval(t *testing.T, s *model.Session, tokens ...int32) []float32 {
	t.Helper()
	logits, err := s.Eval(context.Background(), tokens, nil)
	require.NoError(t, err)
	return append([]float32{}, logits...)
}

func TestRestoredStateGivesTheSameBits(t *testing.T) {
	s := open(t, testmodel.SPM(1), model.LoadOptions{})
	eval(t, s, 1, 5, 9, 300, 290)
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, Save(path, s, s.Pos(), []byte("a note")))
	want := eval(t, s, 7, 8)

	other := open(t, testmodel.SPM(1), model.LoadOptions{})
	note, err := Load(path, other)
	require.NoError(t, err)
	require.Equal(t, "a note", string(note))
	require.Equal(t, want, eval(t, other, 7, 8))

	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left beside it")
}

func TestOtherModels(t *testing.T) {
	s := open(t, testmodel.SPM(1), model.LoadOptions{})
	eval(t, s, 1, 5)
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, Save(path, s, s.Pos(), []byte("a note")))
	for _, other := range []*model.Session{
		open(t, testmodel.SPM(2), model.LoadOptions{}),
		open(t, testmodel.SPM(1), model.LoadOptions{Adjust: func(c *model.Config) { c.Rope.Base = 5e5 }}),
	} {
		note, err := Load(path, other)
		require.ErrorIs(t, err, ErrOtherModel)
		require.Equal(t, "a note", string(note))
		require.Zero(t, other.Pos())
	}
}

// TestDamaged changes and cuts the file at every byte of its ends, and at some in
// between.
func TestDamaged(t *testing.T) {
	s := open(t, testmodel.SPM(1), model.LoadOptions{})
	eval(t, s, 1, 5, 9)
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, Save(path, s, s.Pos(), []byte("note")))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := 0; at < len(good); at++ {
		if at == 120 {
			at = len(good) - 40
		}
		bad := append([]byte{}, good...)
		bad[at] ^= 1
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err := Load(path, s)
		require.Error(t, err, "byte %d", at)
		require.NoError(t, os.WriteFile(path, good[:at], 0o600))
		_, err = Load(path, s)
		require.Error(t, err, "length %d", at)
	}
	_, err = Load(filepath.Join(t.TempDir(), "missing"), s)
	require.True(t, errors.Is(err, os.ErrNotExist))
	require.Error(t, Save(filepath.Join(t.TempDir(), "missing", "state"), s, s.Pos(), nil))
}
