//go:build linux && (amd64 || arm64)

package start_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEntry starts a program, linked as "make build" links, under many limits of the address space.
// The program must start, or say in one line that it cannot.
func TestEntry(t *testing.T) {
	if testing.Short() {
		t.Skip("the test limits the address space too tightly for emulators")
	}
	program := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-ldflags", "-E alpaca_entry", "-o", program, "./testdata/program")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for kb := 100_000; kb <= 2_000_000; kb += 25_000 {
		out, err := exec.Command("sh", "-c", fmt.Sprintf("ulimit -v %d; exec %s", kb, program)).CombinedOutput()
		if err == nil {
			require.Equal(t, "started\n", string(out))
			continue
		}
		require.Less(t, kb, 1_500_000)
		require.Regexp(t, `^alpaca: error: the address space is limited .*\n$`, string(out), kb)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 1, exit.ExitCode())
	}
}
