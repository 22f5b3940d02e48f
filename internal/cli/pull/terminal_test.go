//go:build unix

package pull_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/store/storetest"
	"alpaca/internal/testmodel"
)

// TestAsked checks the questions on a terminal: whether to pull a missing model, which model of a
// repository to pull, and whether to remove one. After Ctrl-C, a pull can resume.
func TestAsked(t *testing.T) {
	s, _, data := machine(t)
	clitest.NeedExec(t)
	term := clitest.StartOn(t, 120, exec.Command("alpaca", "run", "-m", "hf:owner/repo", "-p", "Once", "-n", "1", "-q"))
	term.Expect("hf:owner/repo is not on this machine: pull it? [Y/n] ")
	term.Send("n\n")
	term.Expect("there is no model hf:owner/repo here")
	require.Equal(t, 1, term.Status())
	require.Empty(t, s.Asked())

	term = clitest.StartOn(t, 120, exec.Command("alpaca", "run", "-m", "hf:owner/repo", "-p", "Once", "-n", "1", "-q"))
	term.Expect("[Y/n] ")
	term.Send("\n")
	term.Expect("licence mit")
	require.Zero(t, term.Status())

	other, err := os.ReadFile(testmodel.SPM(2).Write(t))
	require.NoError(t, err)
	s.Repos["owner/two"] = &storetest.Repo{Commit: commit, Files: map[string][]byte{"m-F16.gguf": other, "m-Q2_K.gguf": data}}
	s.Slow = 5 * time.Millisecond
	term = clitest.StartOn(t, 120, exec.Command("alpaca", "pull", "hf:owner/two"))
	term.Expect("m-F16.gguf")
	term.Expect("which one, 1 to 2? ")
	term.Send("2\n")
	term.Expect("is there now")
	require.Zero(t, term.Status())

	term = clitest.StartOn(t, 120, exec.Command("alpaca", "rm", "hf:owner/two:Q2_K"))
	term.Expect("remove hf:owner/two:Q2_K, ")
	term.Send("n\n")
	term.Expect("stays")
	require.Zero(t, term.Status())

	s.Slow = time.Hour // so that the pull does not end by itself
	term = clitest.StartOn(t, 120, exec.Command("alpaca", "pull", "hf:owner/two:F16"))
	term.Expect("m-F16.gguf [")
	term.Send("\x03")
	term.Expect("run the same command again to resume from here")
	require.Equal(t, 130, term.Status())
	require.NotContains(t, clitest.Succeed(t, "list"), "two:F16")
}

// TestDisk checks the errors of a pull if files may not become as large as the model, and if
// the folder cannot be written.
func TestDisk(t *testing.T) {
	machine(t)
	clitest.NeedExec(t)
	out, err := exec.Command("sh", "-c", "ulimit -f 100; exec alpaca pull hf:owner/repo").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "alpaca: error: m-Q4_0.gguf: files may not become that large here")
	require.NotContains(t, string(out), "goroutine")
	require.Contains(t, clitest.Run(t, "", "list").Stderr, "no models in")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	t.Setenv("HF_HUB_CACHE", filepath.Join(file, "hub"))
	o := clitest.Run(t, "", "pull", "hf:owner/repo")
	require.Equal(t, 1, o.Status)
	require.Contains(t, o.Stderr, "alpaca: error: the folder for models cannot be written: ")
	require.Contains(t, o.Stderr, file)
}
