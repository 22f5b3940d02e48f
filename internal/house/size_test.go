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

// maxFiles is how many files of code a folder may have, besides tests: a reader who opens
// it can see them all.
const maxFiles = 25

// code are the endings of files that count.
var code = []string{".go", ".s", ".h", ".js", ".css", ".html", ".py", ".sh"}

// TestFolders checks that no folder is crowded.
func TestFolders(t *testing.T) {
	counts, err := codeFiles(os.DirFS("../.."))
	require.NoError(t, err)
	require.Greater(t, len(counts), 100, "the tree was not found")
	for folder, n := range counts {
		if n > maxFiles {
			t.Errorf("%s has %d files of code, at most %d are allowed: move an idea to a package of its own", folder, n, maxFiles)
		}
	}
}

// codeFiles returns the number of files of code in each folder, also of other modules.
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
