package train_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/testmodel"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// TestKilled kills a run several times and resumes it. The output must have the same bytes as
// that of a run without interruption.
func TestKilled(t *testing.T) {
	clitest.NeedExec(t)
	clitest.SkipIfShort(t)
	dir := t.TempDir()
	base, data := filepath.Join(dir, "base.gguf"), filepath.Join(dir, "data.jsonl")
	require.NoError(t, testmodel.SPM(1).WriteTo(base))
	var lines strings.Builder
	for i := range 12 {
		fmt.Fprintf(&lines, "{\"prompt\": \"say %d\", \"completion\": \"la %d ma\"}\n", i, i*i)
	}
	require.NoError(t, os.WriteFile(data, []byte(lines.String()), 0o600))
	args := func(out string) []string {
		return []string{"train", "-m", base, "--data", data, "-o", filepath.Join(dir, out), "--epochs", "4", "--batch-size", "2", "--lora-r", "4", "--lora-dropout", "0.1"}
	}
	clitest.Succeed(t, args("whole.gguf")...)

	run := filepath.Join(dir, "part.run")
	r := rand.New(rand.NewPCG(1, 2))
	for kill := range 8 {
		next := append(args("part.gguf"), "--save-every", "1")
		if saved, _ := filepath.Glob(filepath.Join(run, "checkpoint-*.gguf")); len(saved) > 0 {
			next = []string{"train", "--resume", run, "--save-every", "1", "-t", fmt.Sprint(1 + kill%3), "--eval-every", fmt.Sprint(1 + kill)}
		}
		cmd := exec.Command("alpaca", next...)
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(20+r.IntN(300)) * time.Millisecond) // killed at a random moment
		cmd.Process.Kill()
		cmd.Wait()
	}
	if saved, _ := filepath.Glob(filepath.Join(run, "checkpoint-*.gguf")); len(saved) == 0 {
		clitest.Succeed(t, args("part.gguf")...)
	} else {
		clitest.Succeed(t, "train", "--resume", run)
	}
	want, err := os.ReadFile(filepath.Join(dir, "whole.gguf"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "part.gguf"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	left, err := filepath.Glob(filepath.Join(run, "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, left)
}
