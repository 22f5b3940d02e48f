package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/ui"
	"alpaca/internal/testmodel"
)

// replayWith runs "alpaca bench" with args and returns its output.
func replayWith(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newCommand(&ui.UI{Out: &out, Err: &bytes.Buffer{}}, &benchOptions{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// TestReplay checks that the model writes the given text, whatever it would write by itself. If the
// text repeats itself, the drafts must be right.
func TestReplay(t *testing.T) {
	model := testmodel.SPM(1).Write(t)
	text := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("the llama and the alpaca was on a ", 8)), 0o600))

	out, err := replayWith(t, "-m", model, "--spec", "lookup", "-f", text, "-r", "2", "-t", "1", "-o", "json", "--draft-always")
	require.NoError(t, err)
	var got []replayed
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Len(t, got, 1)
	r := got[0]
	require.Equal(t, "text.txt", r.Text)
	require.InDelta(t, r.Prompt, r.Tokens, 1)
	require.Len(t, r.With, 2)
	require.Len(t, r.Without, 2)
	require.Positive(t, r.Gain)
	require.Greater(t, r.Right, r.Tokens/2)
	require.LessOrEqual(t, r.Right, r.Drafted)

	out, err = replayWith(t, "-m", model, "--spec", "auto", "-f", text, "-p", "20", "-r", "1", "-t", "1")
	require.NoError(t, err)
	require.Contains(t, out, "| text.txt | 20 | ")
}

func TestReplayErrors(t *testing.T) {
	model := testmodel.SPM(1).Write(t)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	require.NoError(t, os.WriteFile(text, []byte("the llama"), 0o600))
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--spec", "lookup"}, "--spec and -f must be given together"},
		{[]string{"-f", text}, "--spec and -f must be given together"},
		{[]string{"--spec", "draft", "-f", text}, `--spec "draft": must be lookup or auto`},
		{[]string{"--spec", "lookup", "-f", text, "--parallel", "2"}, "--parallel has no meaning"},
		{[]string{"--spec", "lookup", "-f", text, "-o", "sql"}, "-o sql: must be md or json"},
		{[]string{"--spec", "lookup", "-f", text, "-p", "1,2"}, "must be single numbers"},
		{[]string{"--spec", "lookup", "-f", text, "-p", "500"}, "tokens are too few for a prompt of 500"},
		{[]string{"--spec", "lookup", "-f", text, "-p", "0"}, "tokens are too few for a prompt of 0"},
		{[]string{"--spec", "lookup", "-f", filepath.Join(dir, "none")}, "no such file"},
	} {
		_, err := replayWith(t, append([]string{"-m", model, "-t", "1"}, tt.args...)...)
		require.ErrorContains(t, err, tt.want)
	}
}
