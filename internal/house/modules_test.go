package house

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModules checks that SECURITY.md lists exactly the modules of go.mod, each with its licence
// and its purpose.
func TestModules(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	var have []string
	for _, m := range regexp.MustCompile(`(?m)^\s+(\S+) v\S+`).FindAllStringSubmatch(string(text), -1) {
		have = append(have, m[1])
	}
	require.Greater(t, len(have), 20, "the modules were not found")
	text, err = os.ReadFile("../../SECURITY.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## Dependencies\n")
	require.True(t, found)
	var listed []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		require.NotEmpty(t, strings.TrimSpace(cells[2]), "the line has no licence: %s", line)
		require.NotEmpty(t, strings.TrimSpace(cells[3]), "the line does not say what the module is for: %s", line)
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			listed = append(listed, m[1])
		}
	}
	slices.Sort(have)
	slices.Sort(listed)
	require.Equal(t, have, listed)
}
