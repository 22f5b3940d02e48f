package quantize

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
)

var update = flag.Bool("update", false, "rewrite testdata/quantized.json")

// TestQuantizedFiles quantizes a model of each architecture to three mixes, and a LLaMA model to
// all mixes. It compares the files with the checksums in the top-level folder testdata.
func TestQuantizedFiles(t *testing.T) {
	type file struct {
		SHA256 string         `json:"sha256"`
		Types  map[string]int `json:"types"` // the number of tensors of each type
	}
	got := map[string]map[string]file{}
	for _, a := range arch.All() {
		path := testmodel.Spec{Arch: a, Seed: 20, BPE: true, Dim: 256}.Make().Write(t)
		in, err := gguf.Open(path)
		require.NoError(t, err)
		defer in.Close()
		got[a.Name] = map[string]file{}
		for _, mix := range Mixes {
			few := mix.Name == "Q8_0" || mix.Name == "Q4_0" || mix.Name == "Q4_K_M"
			if mix.Name == "Q2_K_S" || !few && (testing.Short() || a != &arch.Llama) {
				continue // Q2_K_S needs an importance matrix
			}
			plan, err := NewPlan(in, Options{Mix: mix})
			require.NoError(t, err)
			out := filepath.Join(t.TempDir(), "out.gguf")
			_, err = plan.Run(t.Context(), out, RunOptions{Threads: 2})
			require.NoError(t, err)
			data, err := os.ReadFile(out)
			require.NoError(t, err)
			f := file{fmt.Sprintf("%x", sha256.Sum256(data)), map[string]int{}}
			for _, s := range plan.Steps {
				f.Types[s.To.String()]++
			}
			got[a.Name][mix.Name] = f
		}
	}
	if *update {
		testmodel.Golden(t, "quantized.json", got, true)
		return
	}
	want := testshared.ReadJSON[map[string]map[string]file](t, testmodel.Path(t, "quantized.json"))
	for name, files := range got {
		for mix, f := range files {
			require.Equal(t, want[name][mix], f, "%s %s", name, mix)
		}
	}
}
