package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestJournal checks that OpenJournal keeps complete lines and removes an incomplete last line.
func TestJournal(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	for name, tt := range map[string]struct{ before, kept string }{
		"new":                     {"", ""},
		"whole":                   {"a\nb\n", "a\nb\n"},
		"torn":                    {"a\nb", "a\n"},
		"only an incomplete line": {"ab", ""},
		"a long incomplete line":  {"a\n" + long, "a\n"},
		"long, torn":              {long + "\n" + long + "\n" + long, long + "\n" + long + "\n"},
		"blank":                   {"\n\n", "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal")
			if name != "new" {
				require.NoError(t, os.WriteFile(path, []byte(tt.before), 0o600))
			}
			j, err := OpenJournal(path)
			require.NoError(t, err)
			kept, err := io.ReadAll(j.Reader())
			require.NoError(t, err)
			require.Equal(t, tt.kept, string(kept))
			require.NoError(t, j.Append([]byte("more\n")))
			require.NoError(t, j.Sync())
			require.Equal(t, int64(len(tt.kept)+5), j.Size())
			require.NoError(t, j.Close())
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, tt.kept+"more\n", string(data))
		})
	}
}

// TestJournalFull checks that a failed Append leaves nothing in the file.
func TestJournalFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := OpenJournal(path)
	require.NoError(t, err)
	require.NoError(t, j.Append([]byte("a\n")))
	readOnly, err := os.Open(path)
	require.NoError(t, err)
	require.NoError(t, j.file.Close())
	j.file = readOnly // writes fail, as on a full disk
	require.Error(t, j.Append([]byte("b\n")))
	require.NoError(t, j.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "a\n", string(data))
}

func TestJournalOfNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenJournal(dir)
	require.EqualError(t, err, dir+": exists and is not a regular file")
	_, err = OpenJournal(filepath.Join(dir, "no", "journal"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
