package open

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// folders returns the checkpoints beside the project, adapters left out.
func folders(t *testing.T) (names []string) {
	entries, err := os.ReadDir(testshared.Path(t, "models/hf"))
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-lora") {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestExplore prints.
func TestExplore(t *testing.T) {
	for _, name := range folders(t) {
		m, err := Open(filepath.Join(testshared.Path(t, "models/hf"), name), Options{})
		if err != nil {
			fmt.Println(name, "ERR", err)
			continue
		}
		ref, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
		require.NoError(t, err)
		for _, n := range m.Notes {
			fmt.Println(name, "note:", n)
		}
		for i := range ref.Tensors {
			want := &ref.Tensors[i]
			got := m.File.Tensor(want.Name)
			if got == nil {
				fmt.Println(name, "missing", want.Name)
				continue
			}
			if !slices.Equal(got.Shape, want.Shape) && !slices.Equal(got.Shape[1:], want.Shape) {
				fmt.Println(name, want.Name, "shape", got.Shape, want.Shape)
				continue
			}
			raw := make([]byte, got.Bytes)
			require.NoError(t, got.Read(raw, 0, got.Rows()))
			x, y := make([]float32, got.Elems()), make([]float32, got.Elems())
			quant.Decode(got.Type, x, raw)
			quant.Decode(want.Type, y, want.Data)
			bad := 0
			worst := 0.0
			for j := range x {
				if x[j] != y[j] {
					bad++
					worst = max(worst, math.Abs(float64(x[j]-y[j])))
				}
			}
			if bad > 0 {
				fmt.Println(name, want.Name, "values", bad, "of", len(x), worst, got.Type, want.Type)
			}
		}
		for i := range m.File.Tensors {
			if ref.Tensor(m.File.Tensors[i].Name) == nil {
				fmt.Println(name, "extra", m.File.Tensors[i].Name)
			}
		}
		have := map[string]string{}
		for _, kv := range m.File.KV {
			have[kv.Key] = fmt.Sprint(kv.Value.TypeName(), kv.Value.Any())
		}
		var keys []string
		for _, kv := range ref.KV {
			want := fmt.Sprint(kv.Value.TypeName(), kv.Value.Any())
			if have[kv.Key] != want && !strings.HasPrefix(kv.Key, "general.") {
				keys = append(keys, fmt.Sprintf("%s: %.150s, want %.150s", kv.Key, have[kv.Key], want))
			}
			delete(have, kv.Key)
		}
		for k, v := range have {
			keys = append(keys, fmt.Sprintf("extra %s: %.100s", k, v))
		}
		sort.Strings(keys)
		for _, k := range keys {
			fmt.Println(name, k)
		}
	}
}
