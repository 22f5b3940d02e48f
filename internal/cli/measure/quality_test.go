//go:build unix

package measure_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
	"alpaca/internal/testmodel"
)

// TestQualityInterrupted checks that no temporary files are left after one signal or two, during
// quantizing or during evaluating.
func TestQualityInterrupted(t *testing.T) {
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Write(t)
	for _, tt := range []struct {
		name, at string
		times    int
		signal   os.Signal
		status   int
	}{
		{"quantizing", "quantizing to Q8_0", 1, os.Interrupt, ui.ExitInterrupted},
		{"evaluating", "window 1 of", 1, os.Interrupt, ui.ExitInterrupted},
		{"twice", "window 1 of", 2, os.Interrupt, ui.ExitInterrupted},
		{"terminated", "window 1 of", 1, syscall.SIGTERM, 143},
		{"hung up", "window 1 of", 1, syscall.SIGHUP, 129},
		{"hung up twice", "quantizing to Q4_0", 2, syscall.SIGHUP, 129},
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
			require.Len(t, entries, 1, "the temporary folder must exist before the signal")
			for range tt.times {
				require.NoError(t, cmd.Process.Signal(tt.signal))
			}
			for lines.Scan() {
				require.NotContains(t, lines.Text(), "error")
			}
			require.Error(t, cmd.Wait())
			require.Equal(t, tt.status, cmd.ProcessState.ExitCode())
			entries, err = os.ReadDir(tmp)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}
