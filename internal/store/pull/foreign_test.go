package pull

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/storetest"
)

// TestForeign checks a file that another program has left under the
// name of a digest. Such a file must be verified before it is used.
func TestForeign(t *testing.T) {
	good := model(t, 500)
	for _, tt := range []struct {
		name    string
		content []byte
		shared  bool // the blob is a link into the store that all repositories share
		fetched bool
	}{{"right", good, false, false}, {"zeros", make([]byte, len(good)), false, true}, {"shared", good, true, false}, {"shared zeros", make([]byte, len(good)), true, true}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.Repos["owner/repo"] = &storetest.Repo{Commit: commitA, Files: map[string][]byte{"m-Q4_0.gguf": good}}
			repo := filepath.Join(w.lib.Places.Hub, "models--owner--repo")
			blob := filepath.Join(repo, "blobs", storetest.SHA256(good))
			file := blob
			if tt.shared {
				file = filepath.Join(w.lib.Places.Hub, "blobs", "ab", "abcdef")
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
				require.NoError(t, os.MkdirAll(filepath.Dir(blob), 0o777))
				require.NoError(t, os.Symlink("../../blobs/ab/abcdef", blob))
			}
			snapshot := filepath.Join(repo, "snapshots", commitA)
			require.NoError(t, os.MkdirAll(snapshot, 0o777))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
			require.NoError(t, os.WriteFile(file, tt.content, 0o666))
			require.NoError(t, os.Symlink("../../blobs/"+storetest.SHA256(good), filepath.Join(snapshot, "m-Q4_0.gguf")))
			require.NoError(t, os.Symlink("../../blobs/absent", filepath.Join(snapshot, "m-Q8_0.gguf")), "a broken link counts as a missing file")
			require.NoError(t, os.MkdirAll(filepath.Join(repo, "refs"), 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(repo, "refs", "main"), []byte(commitA), 0o666))
			require.Len(t, w.lib.List(), 1)
			m, err := w.lib.Find("hf:owner/repo")
			require.NoError(t, err)
			err = w.lib.Verify(t.Context(), m, func(int64, int64) {})
			if tt.fetched {
				require.ErrorContains(t, err, "is damaged")
			} else {
				require.NoError(t, err)
				m, _ = w.lib.Find("hf:owner/repo")
				require.Zero(t, w.lib.Unchecked(m), "a verified file must not be read again")
			}
			res := w.mustPull(t, "hf:owner/repo")
			require.Equal(t, tt.fetched, res.Fetched > 0)
			require.Equal(t, good, read(t, res.Path))
			if tt.shared {
				require.Equal(t, tt.content, read(t, file), "a file that other repositories share must not be written")
				m, err = w.lib.Find("hf:owner/repo")
				require.NoError(t, err)
				_, err = w.lib.Remove(m)
				require.NoError(t, err)
				require.FileExists(t, file, "a file that other repositories share must not be removed")
			}
		})
	}
}
