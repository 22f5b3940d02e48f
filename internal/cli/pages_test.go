package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/cli/ui"
)

// TestPages checks that a page shows each command: a command that is in no page is hard to find.
func TestPages(t *testing.T) {
	paths, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	var pages strings.Builder
	for _, path := range paths {
		page, err := os.ReadFile(path)
		require.NoError(t, err)
		pages.Write(page)
	}
	for _, cmd := range newRoot(&ui.UI{}, "").Commands() {
		if cmd.IsAvailableCommand() && cmd.Name() != "help" {
			shown := regexp.MustCompile("alpaca " + cmd.Name() + `\b`).MatchString(pages.String())
			require.True(t, shown, "%s: give it a line in docs/commands.md or in the page of its family", cmd.Name())
		}
	}
}
