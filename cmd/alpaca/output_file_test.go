//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func writeHello(f *outputFile) error {
	_, err := io.WriteString(f, "hello")
	return err
}

// TestOutputFile checks that nothing but a regular file is replaced.
func TestOutputFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "there"), 0o755))
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(path("old"), []byte("old"), 0o644))
	require.NoError(t, os.WriteFile(path("there/old"), []byte("old"), 0o644))
	for link, to := range map[string]string{
		"link": "there/old", "dangling": "there/new", "chain": "link2", "link2": path("there/third"),
	} {
		require.NoError(t, os.Symlink(to, path(link)))
	}
	tests := []struct{ path, target string }{
		{"old", "old"}, {"new", "new"}, {"link", "there/old"}, {"dangling", "there/new"}, {"chain", "there/third"},
	}
	for _, tt := range tests {
		require.NoError(t, writeOutput(path(tt.path), writeHello), tt.path)
		data, err := os.ReadFile(path(tt.target))
		require.NoError(t, err)
		require.Equal(t, "hello", string(data), tt.path)
		st, err := os.Lstat(path(tt.path))
		require.NoError(t, err)
		require.Equal(t, tt.path != tt.target, st.Mode()&os.ModeSymlink != 0, "%s is what it was", tt.path)
	}
	for _, sub := range []string{".", "there"} {
		left, err := filepath.Glob(filepath.Join(dir, sub, ".*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
	require.Error(t, writeOutput(path("there"), writeHello))

	require.NoError(t, syscall.Mkfifo(path("fifo"), 0o600))
	got := make(chan string)
	go func() {
		data, _ := os.ReadFile(path("fifo"))
		got <- string(data)
	}()
	require.NoError(t, writeOutput(path("fifo"), writeHello))
	require.Equal(t, "hello", <-got)
	st, err := os.Lstat(path("fifo"))
	require.NoError(t, err)
	require.NotZero(t, st.Mode()&os.ModeNamedPipe, "it is a FIFO still")
}
