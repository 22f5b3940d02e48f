//go:build unix && !linux

package run_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// full waits until a process has begun to write to pipe, and a moment longer. This system does
// not tell how full a pipe is.
func full(t *testing.T, pipe io.Reader) {
	t.Helper()
	_, err := io.ReadFull(pipe, make([]byte, 10))
	require.NoError(t, err)
	time.Sleep(time.Second)
}
