package house

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// maxFiles is the largest number of code files in a folder, without tests, so that a reader can
// see them all at once.
const maxFiles = 25

// code are the extensions of the files that count.
var code = []string{".go", ".s", ".h", ".js", ".css", ".html", ".py", ".sh"}

// TestFolders checks that no folder has more than maxFiles files of code.
func TestFolders(t *testing.T) {
	counts, err := codeFiles(os.DirFS("../.."))
	require.NoError(t, err)
	require.Greater(t, len(counts), 100, "the tree was not found")
	for folder, n := range counts {
		if n > maxFiles {
			t.Errorf("%s has %d files of code, at most %d are allowed: move a part to a package of its own", folder, n, maxFiles)
		}
	}
}

// codeFiles returns the number of code files in each folder, including other modules.
func codeFiles(fsys fs.FS) (map[string]int, error) {
	counts := map[string]int{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case !d.IsDir() && slices.Contains(code, path.Ext(name)) && !strings.HasSuffix(name, "_test.go"):
			counts[path.Dir(name)]++
		}
		return nil
	})
	return counts, err
}

func TestCodeFiles(t *testing.T) {
	counts, err := codeFiles(fstest.MapFS{
		"a/a.go": {}, "a/a_amd64.s": {}, "a/a.h": {}, "a/a_test.go": {}, "a/a.md": {}, "a/testdata/b.go": {}, ".git/c.go": {}, "d.go": {},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a": 3, ".": 1}, counts)
}
