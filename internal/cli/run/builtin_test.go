//go:build unix

package run_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
)

// withoutModel returns a command that gets no model from the environment.
func withoutModel(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	clitest.NeedExec(t)
	cmd := exec.Command("alpaca", args...)
	cmd.Env = append(cmd.Environ(), "ALPACA_MODEL=", "XDG_STATE_HOME="+t.TempDir())
	return cmd
}

// TestBuiltinOnTerminal has a conversation with the built-in model.
func TestBuiltinOnTerminal(t *testing.T) {
	term := clitest.StartOn(t, 200, withoutModel(t, "run", "--temp", "0", "-t", "1"))
	term.Expect("alpaca: no model is given")
	term.Expect("its own chat template")
	term.Expect(clitest.DrawnPrompt)
	for range 2 {
		term.Send("Who are you?\r")
		term.ExpectAnswer()
		term.Expect(clitest.DrawnPrompt)
	}
	term.Send("/context\r")
	term.Expect("4 messages")
	term.Expect(clitest.DrawnPrompt)
	term.Send("/bye\r")
	require.Equal(t, ui.ExitOK, term.Status())
	require.Equal(t, 1, strings.Count(term.Shown.String(), "no model is given"))
}

// TestBuiltinCtrlC checks that Ctrl-C ends an answer of the built-in model, and that a closed pipe
// does, too.
func TestBuiltinCtrlC(t *testing.T) {
	for _, interrupt := range []bool{true, false} {
		cmd := withoutModel(t, "run", "-p", "Tell me a story about a fox.", "-n", "-1", "--ignore-eos", "-q", "-t", "1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.ReadFull(stdout, make([]byte, 10))
		require.NoError(t, err)
		if interrupt {
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			io.Copy(io.Discard, stdout)
			require.Error(t, cmd.Wait())
			require.Equal(t, ui.ExitInterrupted, cmd.ProcessState.ExitCode())
		} else {
			require.NoError(t, stdout.Close())
			require.NoError(t, cmd.Wait())
		}
		require.Regexp(t, `^alpaca: no model is given, `, stderr.String())
		require.NotContains(t, stderr.String(), "error")
	}
}
