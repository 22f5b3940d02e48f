//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// TestQuantizeProgress: on a terminal a line names the tensor at hand, and is gone when
// the table comes.
func TestQuantizeProgress(t *testing.T) {
	in := testmodel.SPM(1).Write(t)
	shown := onTerminal(t, 100, nil, "quantize", in, filepath.Join(t.TempDir(), "out.gguf"), "q4_0")
	require.Regexp(t, `[0-9]+ % \(.*\) output.weight`, shown)
	require.Regexp(t, `\r\x1b\[Ktensor +shape +from`, shown)
	require.Regexp(t, `alpaca: wrote `, shown)
	require.NotContains(t, alpaca(t, "", "quantize", in, filepath.Join(t.TempDir(), "out.gguf"), "q4_0").stderr, "%")
}
