//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testmodel"
)

// TestQualityCtrlC checks that nothing is left of temporary files after
// Ctrl-C, be it while quantizing or while evaluating, once or twice.
func TestQualityCtrlC(t *testing.T) {
	needExec(t)
	path := testmodel.SPM(1).Write(t)
	for _, tt := range []struct {
		name, at string
		times    int
	}{
		{"quantizing", "quantizing to Q8_0", 1},
		{"evaluating", "window 1 of", 1},
		{"twice", "window 1 of", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tmp := t.TempDir()
			cmd := exec.Command("alpaca", "quality", path, "--types", "q8_0,q4_0,f16,bf16,q4_1", "-c", "16", "--all", "-b", "1", "-t", "1", "--tmp-dir", tmp)
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewScanner(stderr)
			for lines.Scan() && !strings.Contains(lines.Text(), tt.at) {
			}
			entries, err := os.ReadDir(tmp)
			require.NoError(t, err)
			require.Len(t, entries, 1, "the folder is there at first")
			for range tt.times {
				require.NoError(t, cmd.Process.Signal(os.Interrupt))
			}
			for lines.Scan() {
				require.NotContains(t, lines.Text(), "error")
			}
			require.Error(t, cmd.Wait())
			require.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode())
			entries, err = os.ReadDir(tmp)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}
