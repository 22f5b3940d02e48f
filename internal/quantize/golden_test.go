package quantize

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/testshared"
)

// TestWholeFiles makes the same files that llama-quantize made from two models, and compares all
// bytes: metadata, descriptions of tensors, padding, data.
func TestWholeFiles(t *testing.T) {
	sources := map[string]string{"r": "random-11.gguf", "s": "stories260K-mha.gguf"}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(testshared.Path(t, "models/random-11.gguf")), "[rs]-*.gguf"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 25)
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".gguf")
		t.Run(name, func(t *testing.T) {
			prefix, typ, _ := strings.Cut(name, "-")
			mix, err := ParseMix(typ)
			require.NoError(t, err)
			in, err := gguf.Open(testshared.Path(t, "models/"+sources[prefix]))
			require.NoError(t, err)
			defer in.Close()
			plan, err := NewPlan(in, Options{Mix: mix})
			require.NoError(t, err)
			out := filepath.Join(t.TempDir(), "out.gguf")
			res, err := plan.Run(t.Context(), out, RunOptions{Threads: 3})
			require.NoError(t, err)

			want, err := os.ReadFile(path)
			require.NoError(t, err)
			got, err := os.ReadFile(out)
			require.NoError(t, err)
			require.Equal(t, int64(len(got)), res.Bytes)
			size, err := plan.FileBytes()
			require.NoError(t, err)
			require.Equal(t, int64(len(got)), size)
			if !bytes.Equal(want, got) {
				at := 0
				for at < min(len(want), len(got)) && want[at] == got[at] {
					at++
				}
				t.Fatalf("the files differ from byte %d on: %q, want %q; the file has %d bytes, want %d", at,
					got[at:min(at+40, len(got))], want[at:min(at+40, len(want))], len(got), len(want))
			}
		})
	}
}
