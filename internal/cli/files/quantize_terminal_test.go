//go:build unix

package files_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// TestQuantizeProgress checks that a status line on the terminal names the current tensor, and
// disappears before the table is printed.
func TestQuantizeProgress(t *testing.T) {
	in := testmodel.SPM(1).Write(t)
	shown := clitest.OnTerminal(t, 100, nil, "quantize", in, filepath.Join(t.TempDir(), "out.gguf"), "q4_0")
	require.Regexp(t, `[0-9]+ % \(.*\) output.weight`, shown)
	require.Regexp(t, `\r\x1b\[Ktensor +shape +from`, shown)
	require.Regexp(t, `alpaca: wrote `, shown)
	require.NotContains(t, clitest.Run(t, "", "quantize", in, filepath.Join(t.TempDir(), "out.gguf"), "q4_0").Stderr, "%")
}

// TestQuantizeKilled checks that there is no output file
// after a kill or Ctrl-C in the middle of the work.
func TestQuantizeKilled(t *testing.T) {
	clitest.NeedExec(t)
	m := testmodel.SPM(1)
	large := &testmodel.Tensor{Name: "blk.0.large.weight", Type: quant.F16, Shape: []int{1 << 14, 1 << 10}, Data: make([]float32, 1<<24)}
	for i := range large.Data {
		large.Data[i] = float32(i%251) - 125
	}
	m.Tensors = append(m.Tensors, large)
	in := m.Write(t)
	for sig, status := range map[syscall.Signal]int{syscall.SIGKILL: -1, syscall.SIGINT: ui.ExitInterrupted} {
		dir := t.TempDir()
		// With one thread and the slowest code, the work takes seconds.
		cmd := exec.Command("alpaca", "quantize", in, filepath.Join(dir, "out.gguf"), "q4_k_m", "-t", "1")
		cmd.Env = append(cmd.Environ(), "ALPACA_KERNEL=generic")
		term := clitest.StartOn(t, 80, cmd)
		term.Expect("blk.0.large")
		require.NoError(t, cmd.Process.Signal(sig))
		require.Equal(t, status, term.Status())
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		if runtime.GOOS != "linux" && sig == syscall.SIGKILL {
			require.LessOrEqual(t, len(list), 1) // only the unfinished file, whose name says that it is unfinished
		} else {
			require.Empty(t, list)
		}
	}
}
