//go:build linux && !cgo

package run_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

// TestSmallAddressSpace runs commands under ulimit -v. With enough address space they succeed. With
// less, one line says what does not fit. (With a limit below 0.87 GB, or between 1.13 and 1.41 GB,
// the runtime of Go may fail to start, so package start refuses the limit.) The test needs a build
// without cgo, like the program: the C library ends a program that cannot start a thread.
func TestSmallAddressSpace(t *testing.T) {
	clitest.NeedExec(t)
	if testing.Short() {
		t.Skip("the test limits the address space, and emulators need more")
	}
	dir := t.TempDir()
	path := testmodel.SPM(1).Set("llama.context_length", gguf.U32(1<<24)).Write(t)
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("the alpaca was on a llama. ", 30)), 0o666))
	commands := []string{
		"run -p the -n 2 -t 2 -m " + path,
		"run -p the -n 2 -t 2 -c 16777216 -b 65536 -m " + path, // a large batch
		"quantize --force " + path + " " + dir + "/q.gguf q4_0 2",
		"convert --force " + path + " " + dir + "/c.gguf",
		"perplexity -c 64 -t 2 -m " + path + " -f " + text,
		"bench -p 8 -n 2 -r 1 -t 2 -m " + path,
		"inspect " + path,
	}
	for _, kb := range []int{870_000, 920_000, 1_000_000, 1_100_000, 1_450_000, 2_000_000} {
		for _, c := range commands {
			cmd := exec.Command("sh", "-c", fmt.Sprintf("ulimit -v %d; exec alpaca %s", kb, c))
			out, err := cmd.CombinedOutput()
			what := fmt.Sprintf("%d kB: %s: %s", kb, c, out)
			if err == nil {
				continue
			}
			require.Equal(t, 1, cmd.ProcessState.ExitCode(), what)
			require.Regexp(t, `(?:^|\n)alpaca: error: .*\(ulimit -v\).*\n$`, string(out), what) // other messages may come before the error
			require.NotContains(t, string(out), "goroutine", what)
			require.Less(t, kb, 2_000_000, what)
		}
	}
}
