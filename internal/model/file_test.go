package model_test

import (
	"context"
	"os"
	"runtime"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"

	"github.com/stretchr/testify/require"
)

// TestFileCutWhileInUse truncates the mapped file of a model in use. Reading a missing page
// must give an error, whether the caller or a worker reads it. The process must not end.
func TestFileCutWhileInUse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot truncate a mapped file")
	}
	for _, threads := range []int{1, 3} {
		s := small
		s.dim, s.ffn, s.vocab = 256, 512, 1000
		path := s.write(t)
		m := loadNoise(t, path)
		sess := session(t, m, model.SessionOptions{Threads: threads})
		_, err := sess.Eval(context.Background(), s.prompt(5), nil)
		require.NoError(t, err)
		size := m.File.Size()
		require.NoError(t, os.Truncate(path, size/2))
		_, err = sess.Eval(context.Background(), s.prompt(3), nil)
		require.ErrorContains(t, err, "while in use")
		_, err = sess.Eval(context.Background(), []int32{1}, nil) // the evaluation of a single token does not check the size of the file
		var fault *gguf.FaultError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, 5, sess.Pos())
		require.NoError(t, os.Truncate(path, 0)) // now the embedding is missing, too
		_, err = sess.Eval(context.Background(), []int32{999}, nil)
		require.ErrorAs(t, err, &fault)
		require.NoError(t, sess.Close())
	}
}
