package docs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadBlocks checks which blocks are found in a page. A comment that marks no command must be
// an error, because it may be about a command that was renamed.
func TestReadBlocks(t *testing.T) {
	page := "# x\n\n<!-- not run \"b\": why -->\n<!-- status 1 \"c\": why -->\n```sh\na 'x\ny' # z\n\n# only words\nb\nc \\\n  d\n```\n\n" +
		"<!-- server: alpaca serve -m m.gguf -->\n```console\n$ e\nsaid\n```\n\n```json\n{}\n```\n"
	blocks, err := readBlocks(page)
	require.NoError(t, err)
	require.Equal(t, []block{
		{line: 6, steps: []step{{line: 6, text: "a 'x\ny' # z"}, {line: 10, text: "b", parse: true}, {line: 11, text: "c \\\n  d", status: "1"}}},
		{line: 17, server: "serve -m m.gguf", steps: []step{{line: 17, text: "e", output: "said\n"}}},
	}, blocks)
	for _, tt := range []struct{ page, want string }{
		{"```sh\na\n", "does not end"},
		{"```\nalpaca run\n```\n", "blocks of sh or console"},
		{"<!-- not run -->\n```sh\na\n```\n", "with a reason"},
		{"<!-- not run \"x\": why -->\n```sh\na\n```\n", "no command begins with"},
		{"<!-- not run: why -->\ntext\n", "no block follows"},
		{"```sh\na 'b\n```\n", "not a shell command"},
	} {
		_, err := readBlocks(tt.page)
		require.ErrorContains(t, err, tt.want, tt.page)
	}
}

// TestCheck checks that wrong command lines are found.
func TestCheck(t *testing.T) {
	require.NoError(t, check([]string{"run", "-m", "x.gguf", "-ngl", "9", "-n", "1"}))
	for _, args := range [][]string{{"rnu"}, {"run", "--nope"}, {"run", "-n", "many"}, {"data", "serve", "--nope"}} {
		require.Error(t, check(args), args)
	}
	require.True(t, serves([]string{"serve"}))
	require.False(t, serves([]string{"ab", "report", "x.db"}))
}
