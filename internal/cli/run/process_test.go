//go:build unix

package run_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// endless returns a command that generates much longer than a test takes, unless it is stopped.
func endless(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Set("llama.context_length", gguf.U32(1e6)).Write(t)
	cmd := exec.Command("alpaca", append([]string{"run", "-m", path, "-p", "the", "-c", "1000000", "--ignore-eos", "-t", "1"}, args...)...)
	t.Cleanup(func() {
		if cmd.Process != nil && cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return cmd
}

// TestCtrlC checks that the first Ctrl-C ends the text, and that the statistics are shown after it.
func TestCtrlC(t *testing.T) {
	cmd := endless(t, "-o", "json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	begin := make([]byte, 4096)
	_, err = io.ReadFull(stdout, begin)
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(stdout)
	require.NoError(t, err)
	require.Error(t, cmd.Wait())
	require.Equal(t, ui.ExitInterrupted, cmd.ProcessState.ExitCode())

	_, done := readLines(t, string(begin)+string(rest))
	require.EqualValues(t, "interrupt", done.Reason)
	require.Contains(t, stderr.String(), "alpaca: generated ")
	require.NotContains(t, stderr.String(), "error")
}

// TestNohup checks that a process under nohup outlives its terminal.
func TestNohup(t *testing.T) {
	cmd := endless(t, "--echo", "-p", strings.Repeat("the ", 1200), "-n", "20", "-q")
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", "trap '' HUP; exec \"$@\"", "sh"}, cmd.Args...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	full(t, stdout) // the process waits and has not ended
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	_, err = io.Copy(io.Discard, stdout)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
}

// TestCtrlCTwice checks that a second Ctrl-C ends the program if the first one cannot end it. Here
// the program waits for a reader of its output.
func TestCtrlCTwice(t *testing.T) {
	// The prompt alone is longer than any pipe's buffer. It is written before anything is computed.
	cmd := endless(t, "--echo", "-p", strings.Repeat("the ", 20000))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	full(t, stdout)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// Signals that arrive before the first is handled count as one, so more than two may be
	// needed.
	for signals := 0; ; signals++ {
		select {
		case err := <-ended:
			require.Error(t, err)
			require.Equal(t, ui.ExitInterrupted, cmd.ProcessState.ExitCode())
			require.GreaterOrEqual(t, signals, 2)
			return
		case <-time.After(200 * time.Millisecond):
			cmd.Process.Signal(os.Interrupt)
		}
	}
}

// TestEndedAtStdin checks that one signal ends a process that waits for its stdin.
func TestEndedAtStdin(t *testing.T) {
	clitest.NeedExec(t)
	path := testmodel.SPM(1).Write(t)
	for sig, status := range map[syscall.Signal]int{syscall.SIGINT: ui.ExitInterrupted, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		cmd := exec.Command("alpaca", "tokenize", "-m", path)
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		stderr, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.ReadFull(stderr, make([]byte, 10)) // the note that it waits for stdin
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(sig))
		io.Copy(io.Discard, stderr)
		require.Error(t, cmd.Wait())
		require.Equal(t, status, cmd.ProcessState.ExitCode())
		stdin.Close()
	}
}

// TestClosedPipe checks that the text ends without a message if the reader closes the pipe.
func TestClosedPipe(t *testing.T) {
	for _, form := range []string{"text", "json"} {
		cmd := endless(t, "-o", form)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.ReadFull(stdout, make([]byte, 10))
		require.NoError(t, err)
		require.NoError(t, stdout.Close())
		require.NoError(t, cmd.Wait())
		require.Empty(t, stderr.String())
	}
}

// TestFullDisk checks that there is an error if output cannot be written.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full")
	}
	defer full.Close()
	cmd := endless(t)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = full, &stderr
	require.Error(t, cmd.Run())
	require.Equal(t, ui.ExitFailure, cmd.ProcessState.ExitCode())
	require.Contains(t, stderr.String(), "alpaca: error: ")
	require.Contains(t, stderr.String(), syscall.ENOSPC.Error())
}

// TestModelCutInUse checks that a model that is truncated while it is mapped
// is an error, not a crash.
func TestModelCutInUse(t *testing.T) {
	cmd := endless(t)
	path := cmd.Args[3]
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(stdout, make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 20000))
	_, err = io.Copy(io.Discard, stdout)
	require.NoError(t, err)
	require.Error(t, cmd.Wait())
	require.Equal(t, ui.ExitFailure, cmd.ProcessState.ExitCode(), "%s", stderr.String())
	require.True(t, strings.HasPrefix(stderr.String(), "alpaca: error: "), "%s", stderr.String())
	require.Contains(t, stderr.String(), "model.gguf")
}

// TestTooLargeToRead checks that a file which is too large to be mapped or read gives a one-line
// error.
func TestTooLargeToRead(t *testing.T) {
	clitest.NeedExec(t)
	if runtime.GOOS != "linux" || testing.Short() {
		t.Skip("the test limits the address space, and emulators need more")
	}
	m := testmodel.SPM(1)
	large := &testmodel.Tensor{Name: "zz.large.weight", Type: quant.F16, Shape: []int{1, 1 << 13}}
	m.Tensors = append(m.Tensors, large)
	path := m.Write(t)
	// The last tensor gets more rows, and the file gets a hole of 4 GiB, which takes no disk space.
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	const rows = 1 << 18
	at := bytes.Index(data, []byte(large.Name)) + len(large.Name) + 4 + 8 // skips the name, the number of dimensions and the first dimension
	binary.LittleEndian.PutUint64(data[at:], rows)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	require.NoError(t, os.Truncate(path, int64(len(data))+(rows-1)<<14))
	for _, flag := range []string{"-q", "--no-mmap"} {
		cmd := exec.Command("sh", "-c", "ulimit -v 3000000; exec alpaca run -p x -n 1 -q -m "+path+" "+flag)
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		require.Equal(t, ui.ExitFailure, cmd.ProcessState.ExitCode(), "%s", out)
		require.Regexp(t, `^alpaca: error: gguf: .*model.gguf: .*\d+ MiB do not fit: the address space is limited to \d+ MiB \(ulimit -v\), and \d+ MiB are left\n$`, string(out))
		require.Equal(t, flag == "-q", strings.Contains(string(out), "cannot be mapped"))
	}
}
