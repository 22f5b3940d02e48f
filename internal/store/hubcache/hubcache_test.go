package hubcache

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var commit = strings.Repeat("c", 40)

// TestLinks checks that a blob gets into a snapshot by a relative link or, on a
// system without links, by a move. In both cases, it can be found and removed.
func TestLinks(t *testing.T) {
	for _, without := range []bool{false, true} {
		testOnlyNoLinks = without
		defer func() { testOnlyNoLinks = false }()
		r := Repo{t.TempDir(), "owner", "repo"}
		require.NoError(t, r.Prepare())
		require.NoError(t, os.WriteFile(r.Blob("etag"), []byte("content"), 0o666))
		for range 2 { // the second time is not an error
			require.NoError(t, r.Link(commit, "deep/file.gguf", "etag"))
		}
		require.NoError(t, r.SetRef("main", commit))
		require.NoError(t, r.SetRef("refs/pr/1", commit))
		require.NoError(t, r.SetRef(commit, commit), "SetRef must ignore a commit, because a commit never moves")
		require.Equal(t, map[string]string{"main": commit, "refs/pr/1": commit}, r.Refs())
		require.Equal(t, []Repo{r}, Repos(r.Root))
		list := r.Entries(commit)
		require.Len(t, list, 1)
		e := list[0]
		require.Equal(t, "deep/file.gguf", e.Path)
		data, err := os.ReadFile(e.File)
		require.NoError(t, err)
		require.Equal(t, "content", string(data))
		if without {
			require.Empty(t, e.Blob)
			require.NoFileExists(t, r.Blob("etag"))
		} else {
			require.Equal(t, r.Blob("etag"), e.Blob)
			require.Equal(t, "etag", e.ETag)
			freed, err := r.RemoveBlob(e.Blob)
			require.NoError(t, err)
			require.Zero(t, freed, "a blob to which a snapshot points must stay")
		}
		require.NoError(t, r.Unlink(e))
		if !without {
			freed, err := r.RemoveBlob(e.Blob)
			require.NoError(t, err)
			require.EqualValues(t, 7, freed)
		}
		r.Tidy()
		require.NoDirExists(t, r.Dir())
	}
}

// TestOdd checks that files outside the layout are skipped.
func TestOdd(t *testing.T) {
	r := Repo{t.TempDir(), "owner", "repo"}
	for _, dir := range []string{"models--gpt2", "models--a--b--c", "models--..--x", "datasets--a--b", "blobs", ".locks"} {
		require.NoError(t, os.MkdirAll(filepath.Join(r.Root, dir), 0o777))
	}
	require.Empty(t, Repos(r.Root))
	require.NoError(t, r.Prepare())
	require.NoError(t, os.MkdirAll(r.Snapshot("not-a-commit"), 0o777))
	require.Empty(t, r.Snapshots())
	require.NoError(t, os.WriteFile(filepath.Join(r.Dir(), "refs", "main"), []byte("../../etc"), 0o666))
	require.Empty(t, r.Commit("main"))
	require.NoError(t, os.MkdirAll(r.Snapshot(commit), 0o777))
	if os.Symlink("../../blobs/absent", filepath.Join(r.Snapshot(commit), "m.gguf")) == nil {
		require.Empty(t, r.Entries(commit), "a broken link must be skipped")
	}
}
