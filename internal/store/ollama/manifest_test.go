package ollama

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/ref"
)

// FuzzParse checks that what Parse takes has digests that are safe as paths.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"config":{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":1},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":9}]}`))
	f.Add([]byte(`{"schemaVersion":2,"layers":[{"digest":"sha256:../x","size":-1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		total := int64(0)
		for _, l := range m.Layers {
			require.True(t, ref.IsSHA256(l.Hash()))
			total += l.Size
			require.GreaterOrEqual(t, total, int64(0))
		}
		m.Model()
	})
}
