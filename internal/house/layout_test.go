package house

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// folderName matches the names of this tree's folders in a page.
var folderName = regexp.MustCompile("(?:^|[\\s`(])((?:internal|cmd)/[\\w/-]*\\w)(?:[\\s`),;:]|$)")

// TestLayout checks that docs/layout.md names every package below internal, by its path or by the
// last part of its path.
func TestLayout(t *testing.T) {
	text, err := os.ReadFile("../../docs/layout.md")
	require.NoError(t, err)
	tree, err := readTree(os.DirFS("../.."))
	require.NoError(t, err)
	for _, p := range tree {
		if strings.HasPrefix(p.path, "internal/") && !strings.Contains(string(text), "`"+p.path+"`") && !strings.Contains(string(text), "`"+path.Base(p.path)+"`") {
			t.Errorf("docs/layout.md does not name the package %s: say there in a few words what the package is", p.path)
		}
	}
}

// TestFolderNames checks that the folders named in pages exist.
func TestFolderNames(t *testing.T) {
	fsys := os.DirFS("../..")
	pages, err := fs.Glob(fsys, "docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range append(pages, "ARCHITECTURE.md", "CONTRIBUTING.md", "README.md") {
		text, err := fs.ReadFile(fsys, page)
		require.NoError(t, err)
		for _, m := range folderName.FindAllStringSubmatch(string(text), -1) {
			if _, err := fs.Stat(fsys, m[1]); err != nil && !strings.Contains(m[1], "NAME") {
				t.Errorf("%s names %s, which is not in the tree", page, m[1])
			}
		}
	}
}
