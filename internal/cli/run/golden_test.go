package run_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
	"alpaca/internal/cli/run"
	"alpaca/internal/engine"
	"alpaca/internal/testshared"
)

// TestGoldenText checks that the command prints the same text as the reference implementation,
// and nothing else.
func TestGoldenText(t *testing.T) {
	for _, g := range clitest.ReadGolden(t, "stories260K") {
		path := testshared.Path(t, "models/stories260K.gguf")
		require.Equal(t, g.Text, clitest.Succeed(t, "run", "-m", path, "-p", g.Prompt, "-n", "64", "--temp", "0"))

		out := clitest.Succeed(t, "run", "-m", path, "-p", g.Prompt, "-n", "64", "--temp", "0", "-t", "2", "--output", "json", "--logprobs", "2")
		lines, _ := readLines(t, out)
		text := ""
		for i, id := range g.Tokens {
			require.Equal(t, id, lines[i].ID)
			require.Equal(t, id, lines[i].Top[0].ID)
			text += lines[i].Text
		}
		require.Equal(t, g.Text, text)
	}
}

// TestGoldenStop checks that the golden text ends before a stop string, wherever the boundaries of
// tokens are within the string.
func TestGoldenStop(t *testing.T) {
	path := testshared.Path(t, "models/stories260K.gguf")
	g := clitest.ReadGolden(t, "stories260K")[0]
	for _, stop := range []string{"Lily", "ed Li", " loved to play", ".\nL", ","} {
		before, _, found := strings.Cut(g.Text, stop)
		require.True(t, found)
		args := []string{"run", "-m", path, "-p", g.Prompt, "-n", "64", "--temp", "0", "--stop", stop, "--stop", "no such text"}
		require.Equal(t, before, clitest.Succeed(t, args...), "%q", stop)

		lines, done := readLines(t, clitest.Succeed(t, append(args, "-o", "json")...))
		require.Equal(t, engine.Stop, done.Reason)
		text := ""
		for _, line := range lines {
			text += line.Text
		}
		require.Equal(t, before, text)
	}
}

// readLines reads the output of "run --output json": a line for each token, and the last line.
func readLines(t *testing.T, out string) (tokens []run.TokenLine, done run.DoneLine) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for _, text := range lines[:len(lines)-1] {
		var line run.TokenLine
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		tokens = append(tokens, line)
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &done))
	require.True(t, done.Done)
	require.Equal(t, len(tokens), done.GeneratedTokens)
	return tokens, done
}
