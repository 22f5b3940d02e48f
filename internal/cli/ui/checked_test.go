package ui

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFullDisk checks that a command without an error fails if its output could not be written.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full")
	}
	defer full.Close()
	u := New(os.Stdin, full, os.Stderr)
	var stderr bytes.Buffer
	u.Err = &stderr
	require.Equal(t, ExitOK, u.ExitStatus(nil))
	fmt.Fprintln(u.Out, "a row")
	require.Equal(t, ExitFailure, u.ExitStatus(nil))
	require.Equal(t, "alpaca: error: write /dev/full: no space left on device\n", stderr.String())
	stderr.Reset()
	require.Equal(t, ExitUsage, u.ExitStatus(Usagef("wrong")))
	require.Equal(t, "alpaca: error: wrong\n", stderr.String())
}

// TestNobodyReads checks that a command does not fail if the reader closes the pipe.
func TestNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, r.Close())
	u := New(os.Stdin, w, os.Stderr)
	ignoreClosedPipes()
	fmt.Fprintln(u.Out, "a row")
	require.Equal(t, ExitOK, u.ExitStatus(nil))
}
