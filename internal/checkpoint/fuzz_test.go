package checkpoint

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzIndex checks that reading an index gives an error, or that the index only names files in its
// own folder.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../../etc/passwd"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		index, err := parseIndex(raw)
		if err != nil {
			return
		}
		for _, file := range filesOf(index) {
			require.True(t, filepath.IsLocal(file) && filepath.Base(file) == file, file)
		}
	})
}
