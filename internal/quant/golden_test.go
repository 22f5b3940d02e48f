package quant_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// TestGoldenTensors encodes the tensors of two models to all types that llama-quantize wrote, and
// compares every checksum.
func TestGoldenTensors(t *testing.T) {
	sources := map[string]*gguf.File{}
	for prefix, name := range map[string]string{"r-": "random-11.gguf", "s-": "stories260K-mha.gguf"} {
		f, err := gguf.Open(testshared.Path(t, "models/"+name))
		require.NoError(t, err)
		defer f.Close()
		sources[prefix] = f
	}
	list, err := os.Open(testshared.Path(t, "golden/tensors.sha256"))
	require.NoError(t, err)
	defer list.Close()

	// Many files have the same tensor in the same type, so the test encodes it only once.
	want := map[goldenKey]string{}
	lines := 0
	for s := bufio.NewScanner(list); s.Scan(); lines++ {
		f := strings.Fields(s.Text())
		require.Len(t, f, 5, s.Text())
		typ, err := quant.ParseType(f[2])
		require.NoError(t, err)
		key := goldenKey{sources[f[0][:2]], f[1], typ}
		if old, ok := want[key]; ok {
			require.Equal(t, old, f[4], s.Text())
		}
		want[key] = f[4]
	}
	require.Equal(t, 756, lines)

	keys := make(chan goldenKey)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for key := range keys {
				if got := key.sum(); got != want[key] {
					t.Errorf("%s as %v: checksum %s, want %s", key.name, key.typ, got, want[key])
				}
			}
		})
	}
	for key := range want {
		keys <- key
	}
	close(keys)
	wait.Wait()
}

// A goldenKey is a tensor of a model and the type to which it is encoded.
type goldenKey struct {
	source *gguf.File
	name   string
	typ    quant.Type
}

func (k goldenKey) sum() string {
	tensor := k.source.Tensor(k.name)
	cols := tensor.Shape[len(tensor.Shape)-1]
	x := make([]float32, len(tensor.Data)/tensor.Type.RowBytes(cols)*cols)
	quant.Decode(tensor.Type, x, tensor.Data)
	out := make([]byte, len(x)/cols*k.typ.RowBytes(cols))
	quant.Encode(k.typ, out, x, cols, nil)
	sum := sha256.Sum256(out)
	return hex.EncodeToString(sum[:])
}
