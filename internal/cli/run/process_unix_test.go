//go:build unix && !linux

package run_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// full waits until a process has begun to write, and a moment longer: how full a pipe is
// cannot be seen here.
func full(t *testing.T, pipe io.Reader) {
	t.Helper()
	_, err := io.ReadFull(pipe, make([]byte, 10))
	require.NoError(t, err)
	time.Sleep(time.Second)
}
