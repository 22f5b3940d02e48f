package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMessages checks that messages go to stderr with the program's prefix, without colours if
// stderr is not a terminal, and that answers go to stdout unchanged.
func TestMessages(t *testing.T) {
	var out, stderr bytes.Buffer
	u := &UI{Out: &out, Err: &stderr}
	u.Notef("%d tokens", 3)
	u.Warnf("odd")
	u.hintf("a way out")
	u.Statusf("never shown") // stderr is not a terminal
	require.Equal(t, "alpaca: 3 tokens\nalpaca: warning: odd\nalpaca: hint: a way out\n", stderr.String())
	require.Empty(t, out.String())
	require.NoError(t, u.WriteJSON(map[string]string{"text": "<s> & </s>"}))
	require.Equal(t, "{\"text\":\"<s> & </s>\"}\n", out.String())
}

// TestStatus checks that a message replaces the status line.
func TestStatus(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	var stderr bytes.Buffer
	u := &UI{Err: &stderr, ErrTTY: true}
	u.Statusf("%s", strings.Repeat("long ", 100))
	require.Less(t, len(stderr.String()), 80+len("\r\x1b[K"))
	stderr.Reset()
	u.Notef("done")
	u.ClearStatus() // Notef has removed the status line already
	require.Equal(t, "\r\x1b[Kalpaca: done\n", stderr.String())

	stderr.Reset()
	u.HoldStatus()
	u.Statusf("too soon")
	require.Empty(t, stderr.String())
}
