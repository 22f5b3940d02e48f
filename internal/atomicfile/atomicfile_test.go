package atomicfile

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// list returns the names in a folder.
func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func save(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func requireText(t *testing.T, path, want string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(data))
}

// inBothWays runs a test twice: with new files that have no name before Commit, if the system
// supports them, and with files that have a temporary name.
func inBothWays(t *testing.T, test func(t *testing.T)) {
	for _, named := range []bool{false, true} {
		t.Run(fmt.Sprint("named=", named), func(t *testing.T) {
			testOnlyNamed = named
			defer func() { testOnlyNamed = false }()
			test(t)
		})
	}
}

// TestFile checks that only Commit replaces the old file, and that the new file gets the
// permissions of the old one.
func TestFile(t *testing.T) {
	inBothWays(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "out")
		for _, old := range []os.FileMode{0, 0o600, 0o666} {
			before := "" // the text of the old file
			if old != 0 {
				before = "as it was"
				save(t, path, before)
				require.NoError(t, os.Chmod(path, old))
			}
			for _, commit := range []bool{false, true} {
				f, err := Create(path, 0o640)
				require.NoError(t, err)
				_, err = io.WriteString(f, "new")
				require.NoError(t, err)
				if before != "" {
					requireText(t, path, before)
				}
				if testOnlyNamed {
					require.Len(t, list(t, filepath.Dir(path)), 1+min(1, int(old)))
				}
				if commit {
					require.NoError(t, f.Commit())
				}
				f.Abort()
				if !commit && before == "" {
					require.Empty(t, list(t, filepath.Dir(path)))
				} else {
					require.Equal(t, []string{"out"}, list(t, filepath.Dir(path)))
				}
			}
			requireText(t, path, "new")
			if runtime.GOOS != "windows" {
				st, err := os.Stat(path)
				require.NoError(t, err)
				if old == 0 {
					require.Zero(t, st.Mode()&0o027, "the file must not have more permissions than were asked for")
				} else {
					require.Equal(t, old, st.Mode())
				}
			}
		}
	})
}

// TestLongName checks that a file with the longest name can be created and replaced.
func TestLongName(t *testing.T) {
	inBothWays(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
		for _, text := range []string{"one", "other"} {
			f, err := Create(path, 0o666)
			require.NoError(t, err)
			_, err = io.WriteString(f, text)
			require.NoError(t, err)
			require.NoError(t, f.Commit())
			requireText(t, path, text)
		}
	})
}

// TestLinks checks that Create writes to the target of a symbolic link and keeps the link.
func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making links needs rights that this user lacks")
	}
	inBothWays(t, func(t *testing.T) {
		dir := t.TempDir()
		path := func(name string) string { return filepath.Join(dir, name) }
		require.NoError(t, os.Mkdir(path("there"), 0o755))
		save(t, path("old"), "old")
		save(t, path("there/old"), "old")
		for link, to := range map[string]string{
			"link": "there/old", "dangling": "there/new", "chain": "link2", "link2": path("there/third"), "loop": "loop",
		} {
			require.NoError(t, os.Symlink(to, path(link)))
		}
		for _, tt := range []struct{ path, target string }{
			{"old", "old"}, {"new", "new"}, {"link", "there/old"}, {"dangling", "there/new"}, {"chain", "there/third"},
		} {
			f, err := Create(path(tt.path), 0o666)
			require.NoError(t, err)
			_, err = io.WriteString(f, "hello")
			require.NoError(t, err)
			require.NoError(t, f.Commit())
			requireText(t, path(tt.target), "hello")
			st, err := os.Lstat(path(tt.path))
			require.NoError(t, err)
			require.Equal(t, tt.path != tt.target, st.Mode()&os.ModeSymlink != 0, "%s: a link must remain a link, and a file must remain a file", tt.path)
		}
		require.Equal(t, []string{"chain", "dangling", "link", "link2", "loop", "new", "old", "there"}, list(t, dir))
		require.Equal(t, []string{"new", "old", "third"}, list(t, path("there")))
		_, err := Create(path("loop"), 0o666)
		require.ErrorContains(t, err, "loop")
	})
}

// TestRefused checks the errors for paths that cannot be a file.
func TestRefused(t *testing.T) {
	inBothWays(t, func(t *testing.T) {
		dir := t.TempDir()
		_, err := Create(dir, 0o666)
		require.ErrorContains(t, err, "not a regular file")
		absent := filepath.Join(dir, "absent", "out")
		_, err = Create(absent, 0o666)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.ErrorContains(t, err, absent+":", "the error must have the name that the caller gave")
		require.ErrorIs(t, CheckFolder(absent), os.ErrNotExist)
		save(t, filepath.Join(dir, "file"), "")
		require.NoError(t, CheckFolder(filepath.Join(dir, "file")))
		require.ErrorContains(t, CheckFolder(filepath.Join(dir, "file", "out")), "not a directory")
	})
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"a", "b", "c"} {
		save(t, path(name), "")
	}
	require.NoError(t, os.Link(path("a"), path("link")))
	inputs := []string{path("a"), path("absent"), path("b")}
	for _, tt := range []struct {
		out   string
		force bool
		want  string
	}{
		{"absent", false, ""},
		{"a", true, "is the input"},
		{"b", true, "is the input"},
		{"link", true, "is the input"},
		{"c", true, ""},
		{"c", false, "exists already"},
		{".", true, "is not a regular file"},
		{".", false, "is not a regular file"},
		{"c/d", true, "not a directory"},
	} {
		err := Check(path(tt.out), inputs, tt.force)
		if tt.want == "" {
			require.NoError(t, err, tt.out)
		} else {
			require.ErrorContains(t, err, tt.want, tt.out)
			require.ErrorContains(t, err, path(tt.out))
		}
	}
	require.ErrorIs(t, Check(path("c"), nil, false), ErrExists)
}
