package main

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

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// TestQuantizeKilled: neither a kill nor Ctrl-C in the middle of the work leaves
// a file, half or whole.
func TestQuantizeKilled(t *testing.T) {
	needExec(t)
	if runtime.GOOS == "windows" {
		t.Skip("there are no such signals")
	}
	m := testmodel.SPM(1)
	m.Tensors = append(m.Tensors, &testmodel.Tensor{
		Name: "blk.0.large.weight", Type: quant.F16, Shape: []int{1 << 14, 1 << 10},
	})
	large := m.Tensor("blk.0.large.weight")
	large.Data = make([]float32, 1<<24)
	for i := range large.Data {
		large.Data[i] = float32(i%251) - 125
	}
	in := m.Write(t)
	tests := []struct {
		name   string
		signal os.Signal
		status int
	}{
		{"kill", os.Kill, -1},
		{"Ctrl-C", os.Interrupt, exitInterrupted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			// Seconds of work for one thread and the slowest code.
			cmd := exec.Command("alpaca", "quantize", in, filepath.Join(dir, "out.gguf"), "q4_k_m", "-t", "1")
			cmd.Env = append(os.Environ(), "ALPACA_KERNEL=generic")
			require.NoError(t, cmd.Start())
			time.Sleep(500 * time.Millisecond)
			require.NoError(t, cmd.Process.Signal(test.signal))
			require.Error(t, cmd.Wait())
			require.Equal(t, test.status, cmd.ProcessState.ExitCode())
			list, err := os.ReadDir(dir)
			require.NoError(t, err)
			if runtime.GOOS != "linux" && test.status < 0 {
				require.LessOrEqual(t, len(list), 1) // the unfinished file, named so
				return
			}
			require.Empty(t, list)
		})
	}
}

// TestQuantizeMemory: the work needs little memory, whatever the model's size.
func TestQuantizeMemory(t *testing.T) {
	needExec(t)
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
	// The highest of all readings, the last of which is near the end. (The
	// system's own account of a child begins with this process's memory.)
	peak, readings := 0, 0
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
		if err != nil || m == nil {
			break // it has ended
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
