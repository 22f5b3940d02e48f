package builtin_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/clitest"
)

// shown matches the first example of README: a command with a prompt and flags, and its output on
// a terminal.
var shown = regexp.MustCompile("(?s)```console\n(\\$ make build && ./alpaca run -p \"([^\"]*)\" ([^\n]*)\n)(.*?)```")

// TestReadme checks that README shows the program's real output.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("this test takes long, and TestAnswers compares answers, too")
	}
	const path, columns = "../../README.md", 100
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	m := shown.FindStringSubmatch(string(page))
	require.NotNil(t, m)
	t.Setenv("ALPACA_MODEL", "")
	o := clitest.Run(t, "", append([]string{"run", "-p", m[2]}, strings.Fields(m[3])...)...)
	require.Zero(t, o.Status)
	seen := o.Stderr + fold(strings.TrimSpace(o.Out), columns) + "\n"
	if *update {
		now := strings.Replace(string(page), m[0], "```console\n"+m[1]+seen+"```", 1)
		require.NoError(t, os.WriteFile(path, []byte(now), 0o644))
		return
	}
	require.Equal(t, seen, m[4], "README.md is out of date: run \"make golden\" to rewrite it")
}

// fold breaks a text between words into lines of at most the given number of columns.
func fold(text string, columns int) string {
	var b strings.Builder
	n := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && n+1+len(word) > columns:
			b.WriteByte('\n')
			n = 0
		case i > 0:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += len(word)
	}
	return b.String()
}
