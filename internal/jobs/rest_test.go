package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRest ranges twice over the remaining requests.
func TestRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.jsonl")
	var text []byte
	for i := range 5 {
		text = fmt.Appendf(text, `{"custom_id": "%d", "method": "POST", "url": "/v1/completions", "body": {}}`+"\n", i)
	}
	require.NoError(t, os.WriteFile(path, text, 0o600))
	in, err := OpenInput(path, All, nil)
	require.NoError(t, err)
	defer in.Close()
	_, err = in.Next(t.Context())
	require.NoError(t, err)
	in.Skip(keyOf("3"))
	for range 2 {
		var ids []string
		for r, err := range in.Rest() {
			require.NoError(t, err)
			ids = append(ids, r.CustomID)
		}
		require.Equal(t, []string{"1", "2", "4"}, ids)
	}
	// If the file has changed, the iterator yields an error and ends.
	require.NoError(t, os.WriteFile(path, make([]byte, len(text)), 0o600))
	n := 0
	for _, err := range in.Rest() {
		n++
		require.ErrorContains(t, err, "was changed while it was answered")
	}
	require.Equal(t, 1, n)
}
