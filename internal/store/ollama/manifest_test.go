package ollama

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/sampler"
	"alpaca/internal/store/ref"
)

// FuzzParse checks that the digests of a parsed manifest are safe in paths.
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

// FuzzSettings checks that any parameters are read or refused, and that sampler settings made from
// them are in range.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"temperature": 0.5, "top_k": 40, "stop": ["a", ""], "seed": -1, "num_ctx": 1e3}`))
	f.Add([]byte(`{"temperature": "hot", "stop": {"a": 1}, "seed": 1e300, "top_p": null, "num_ctx": 0.5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Settings
		if json.Unmarshal(data, &s.Params) != nil {
			return
		}
		require.Len(t, s.Names(), len(s.Params))
		require.GreaterOrEqual(t, len(s.Lines()), len(s.Stop()))
		s.Params["num_ctx"].Int()
		p := sampler.DefaultParams()
		p.FromModelfile(func(name string) (sampler.FileValue, bool) { v, ok := s.Params[name]; return v, ok }, func(string) bool { return false })
		_, err := sampler.New(p, sampler.Vocab{N: 10})
		require.NoError(t, err)
	})
}
