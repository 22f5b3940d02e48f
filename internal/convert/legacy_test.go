package convert

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
)

// TestLegacyShared converts the files in the shared folder that programs of 2023 wrote.
func TestLegacyShared(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(testshared.Path(t, "models/legacy/leg-ggml-f16.bin")), "*.bin"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	testLegacy(t, paths)
}

// TestLegacy converts a file of each kind that those programs wrote.
func TestLegacy(t *testing.T) {
	var paths []string
	for i, l := range testmodel.Legacies {
		if testing.Short() && i%4 != 0 {
			continue
		}
		paths = append(paths, l.Write(t, 1))
	}
	testLegacy(t, paths)
}

// testLegacy converts files of 2023 and checks that every change of a value is reported, and is
// at most a rounding to float16. With Exact, no value may change.
func testLegacy(t *testing.T, paths []string) {
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			old, err := gguf.Open(path)
			require.NoError(t, err)
			defer old.Close()
			f, res := convert(t, path, Options{})
			require.EqualValues(t, 3, f.Version)
			lossless := true
			for i, x := range old.Tensors {
				r := res.Tensors[i]
				require.Equal(t, x.Name, r.Name)
				require.Equal(t, x.Type.String(), r.From)
				require.False(t, quant.IsLegacy(r.To))
				require.Equal(t, r.To, f.Tensors[i].Type)
				var worst float64
				a, b := values(&x), values(f.Tensor(x.Name))
				for i := range a {
					worst = max(worst, math.Abs(float64(a[i])-float64(b[i])))
				}
				require.Equal(t, worst, r.Loss.Max)
				require.Equal(t, worst == 0, r.Lossless)
				require.Less(t, r.Loss.Relative(), 0x1p-10)
				lossless = lossless && r.Lossless
			}
			// The output must have the metadata that the reader derived from the old file.
			for _, kv := range old.KV {
				if got, ok := f.Value(kv.Key); kv.Key != gguf.KeyFileType {
					require.True(t, ok, kv.Key)
					require.Equal(t, kv.Value.Any(), got.Any(), kv.Key)
				}
			}
			source, _, err := f.String("general.source.format")
			require.NoError(t, err)
			require.Equal(t, res.Format, source)
			// Weights and scales that are already float16 must not change.
			if strings.Contains(path, "f16") || strings.Contains(path, "q5") || old.Version == 3 {
				require.True(t, lossless)
				return
			}
			exact, res := convert(t, path, Options{Exact: true})
			for i, x := range old.Tensors {
				require.True(t, res.Tensors[i].Lossless, x.Name)
				requireSame(t, &x, exact.Tensor(x.Name))
			}

		})
	}
}
