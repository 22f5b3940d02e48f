//go:build unix

package run_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
)

func TestTerminal(t *testing.T) {
	path := testmodel.SPM(1).Write(t)

	// The statistics begin on a line of their own and fit 40 columns.
	shown := clitest.OnTerminal(t, 40, nil, "run", "-m", path, "-p", "the", "-n", "3", "--temp", "0", "-l", "364+100")
	require.True(t, strings.HasPrefix(shown, "ggg\nalpaca: load "), "%q", shown)
	for line := range strings.Lines(shown) {
		require.LessOrEqual(t, len(line), 41, "%q", line)
	}

	// Errors are coloured, unless NO_COLOR is set.
	shown = clitest.OnTerminal(t, 80, nil, "run", "--nonsense")
	require.Contains(t, shown, "alpaca: \x1b[31merror: \x1b[0m")
	shown = clitest.OnTerminal(t, 80, []string{"NO_COLOR=1"}, "run", "--nonsense")
	require.NotRegexp(t, clitest.Escapes, shown)

	// If stdin is a terminal, no text is read from it.
	shown = clitest.OnTerminal(t, 80, nil, "tokenize", "-m", path)
	require.Contains(t, shown, "no text")
}

// TestProgress checks that a status line shows the progress of a long prompt, and disappears
// before the text begins.
func TestProgress(t *testing.T) {
	path := testmodel.SPM(1).Set("llama.context_length", gguf.U32(40000)).Write(t)
	prompt := strings.Repeat("the llama ", 60)
	args := []string{"run", "-m", path, "-p", prompt, "-c", "40000", "-b", "32", "-n", "1", "--temp", "0", "-q"}
	for _, columns := range []uint16{20, 80} {
		shown := clitest.OnTerminal(t, columns, nil, args...)
		require.True(t, strings.HasPrefix(shown, "\ralpaca: prompt: "), "%q", shown)
		states := strings.Split(shown, "\r")
		for _, state := range states[1 : len(states)-1] {
			require.Less(t, len(clitest.Escapes.ReplaceAllString(state, "")), int(columns), "%q", state)
			require.NotContains(t, state, "\n")
		}
		require.True(t, strings.HasPrefix(states[len(states)-1], "\x1b[K"), "%q", states[len(states)-1])
	}

	o := clitest.Run(t, "", args...)
	require.Equal(t, ui.ExitOK, o.Status)
	require.NotContains(t, o.Stderr, "\r", "without a terminal, there must be no status line")
}
