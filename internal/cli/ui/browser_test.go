package ui

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBrowser checks which command each system starts, and which address is opened.
func TestBrowser(t *testing.T) {
	for system, want := range map[string]string{"linux": "xdg-open", "freebsd": "xdg-open", "darwin": "open", "windows": "rundll32"} {
		args := browser(system, "http://[::1]:8080").Args
		require.Equal(t, want, args[0], system)
		require.Equal(t, "http://[::1]:8080", args[len(args)-1], system)
	}
	require.Equal(t, "http://localhost:1", pageURL([]string{"unix:/run/a.sock", "http://localhost:1", "http://localhost:2"}))
	require.Equal(t, "http://localhost:1", pageURL([]string{"http://0.0.0.0:1"}))
	require.Equal(t, "http://localhost:1", pageURL([]string{"http://[::]:1"}))
	require.Empty(t, pageURL([]string{"unix:/run/a.sock"}))
}
