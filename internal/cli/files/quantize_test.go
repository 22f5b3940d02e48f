package files_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// TestQuantizeMemory checks that quantizing needs little memory, whatever the model's size.
func TestQuantizeMemory(t *testing.T) {
	clitest.NeedExec(t)
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	const limit = 96 << 20
	path := filepath.Join(t.TempDir(), "in.gguf")
	tensors := []gguf.Tensor{{Name: "blk.0.large.weight", Type: quant.F16, Shape: []int{3 << 15, 1 << 10}}}
	w, err := gguf.Create(path, []gguf.KV{{Key: "general.architecture", Value: gguf.Str("llama")}}, tensors)
	require.NoError(t, err)
	require.NoError(t, w.WriteTensor(tensors[0].Name, make([]byte, 2*limit)))
	require.NoError(t, w.Commit())

	cmd := exec.Command("alpaca", "quantize", path, filepath.Join(t.TempDir(), "out.gguf"), "q5_k_m", "-t", "4")
	require.NoError(t, cmd.Start())
	// peak is the highest of all readings. The last reading is taken near the end of the run. (The
	// figure that the system keeps for a child process does not help, because it begins with the
	// memory of this process.)
	peak, readings := 0, 0
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
		if err != nil || m == nil {
			break // the process has ended
		}
		kib, err := strconv.Atoi(string(m[1]))
		require.NoError(t, err)
		peak = max(peak, kib<<10)
		readings++
		time.Sleep(2 * time.Millisecond)
	}
	require.NoError(t, cmd.Wait())
	t.Logf("peak of %d MiB in %d readings", peak>>20, readings)
	require.Less(t, peak, limit)
	require.Greater(t, readings, 3)
}
