//go:build unix

package ui

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func writeHello(w io.Writer) error {
	_, err := io.WriteString(w, "hello")
	return err
}

// TestOutputFile checks that only regular files are replaced.
func TestOutputFile(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(path("old"), []byte("old"), 0o644))
	for _, name := range []string{"old", "new"} {
		require.NoError(t, WriteOutput(path(name), writeHello))
		data, err := os.ReadFile(path(name))
		require.NoError(t, err)
		require.Equal(t, "hello", string(data))
	}
	require.Error(t, WriteOutput(dir, writeHello))

	require.NoError(t, syscall.Mkfifo(path("fifo"), 0o600))
	got := make(chan string)
	go func() {
		data, _ := os.ReadFile(path("fifo"))
		got <- string(data)
	}()
	require.NoError(t, WriteOutput(path("fifo"), writeHello))
	require.Equal(t, "hello", <-got)
	st, err := os.Lstat(path("fifo"))
	require.NoError(t, err)
	require.NotZero(t, st.Mode()&os.ModeNamedPipe, "a FIFO must stay a FIFO")
}
