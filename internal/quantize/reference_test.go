package quantize

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// reference is a folder for regenerating testdata/reference.sha256. If the folder is empty, a run
// of the test writes the models into it, as NAME.gguf. Then llama-quantize must make NAME.TYPE.gguf
// from each model for every type. A second run of the test writes the list of the checksums.
var reference = flag.String("reference", "", "`folder` for regenerating testdata/reference.sha256")

const referenceList = "testdata/reference.sha256"

// referenceModels differ in the properties on which the choice of types depends.
var referenceModels = map[string]func(f *fake){
	"llama":          func(*fake) {},
	"llama-8-layers": func(f *fake) { f.layers, f.typ = 8, quant.F32 },
	"llama-20":       func(f *fake) { f.layers, f.kvHeads = 20, 2 },
	"gqa-4":          func(f *fake) { f.kvHeads = 1 },
	"gqa-3":          func(f *fake) { f.heads, f.kvHeads, f.typ = 6, 2, quant.BF16 },
	"no-kv-heads":    func(f *fake) { f.kvHeads = 0 },
	"tied":           func(f *fake) { f.tied = true },
	"one-layer":      func(f *fake) { f.layers, f.typ = 1, quant.F32 },
	"96-64":          func(f *fake) { f.dim, f.ffn = 96, 64 },
	"40-72":          func(f *fake) { f.dim, f.ffn = 40, 72 },
	"288-100":        func(f *fake) { f.dim, f.ffn, f.tied = 288, 100, true },
	"512-224":        func(f *fake) { f.dim, f.ffn, f.typ = 512, 224, quant.F32 },
	"64-wide":        func(f *fake) { f.dim, f.ffn = 64, 192 },
	"70b":            func(f *fake) { f.layers, f.kvHeads = 80, 1 },
	"65b":            func(f *fake) { f.layers = 80 },
	"qwen2":          func(f *fake) { f.arch, f.tied, f.kvHeads = "qwen2", true, 2 },
	"qwen2-80":       func(f *fake) { f.arch, f.layers = "qwen2", 80 },
	"qwen3":          func(f *fake) { f.arch, f.kvHeads, f.layers = "qwen3", 2, 9 },
	"phi3":           func(f *fake) { f.arch, f.fused, f.layers = "phi3", true, 9 },
	"mixtral":        func(f *fake) { f.experts, f.kvHeads, f.layers = 8, 1, 9 },
	"four-experts":   func(f *fake) { f.experts, f.layers = 4, 9 },
	"experts-96-96":  func(f *fake) { f.experts, f.dim, f.ffn = 2, 96, 96 },
	"small-tensors": func(f *fake) {
		for _, name := range []string{
			"per_layer_token_embd", "per_layer_model_proj", "blk.0.attn_q_norm", "blk.0.laurel_l", "blk.0.shortconv.conv",
			"blk.0.ssm_conv1d", "blk.0.time_mix_w0", "blk.0.time_mix_g1", "blk.1.indexer.k_proj", "blk.1.attn_kv_b", "blk.1.ffn_gate_inp",
			"blk.1.ffn_down_shexp", "position_embd", "token_types", "v.patch_embd", "other",
		} {
			f.extra = append(f.extra, gguf.Tensor{Name: name + ".weight", Type: quant.F16, Shape: []int{2, 256}})
		}
	},
}

// referenceModel returns a model of referenceModels.
func referenceModel(name string) fake {
	f := base(2)
	referenceModels[name](&f)
	number := func(key string, n int) {
		f.kv = append(f.kv, gguf.KV{Key: f.arch + "." + key, Value: gguf.U32(uint32(n))})
	}
	number("context_length", 64)
	number("embedding_length", f.dim)
	number("feed_forward_length", f.ffn)
	if f.experts > 0 {
		number("expert_used_count", 2)
	}
	if f.arch == "phi3" {
		number("rope.scaling.original_context_length", 64)
	}
	f.kv = append(f.kv, gguf.KV{Key: f.arch + ".attention.layer_norm_rms_epsilon", Value: gguf.F32(1e-5)})
	return f
}

// TestReference quantizes models to all types and compares the checksums of the files with those of
// the files that llama-quantize made (llama.cpp 0.5.0, of November 2026).
func TestReference(t *testing.T) {
	if *reference != "" {
		renewReference(t)
	}
	list, err := os.Open(referenceList)
	require.NoError(t, err)
	defer list.Close()
	models := map[string]*gguf.File{}
	seen := map[string]bool{}
	for lines := bufio.NewScanner(list); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		require.Len(t, fields, 3)
		name, typ, want := fields[0], fields[1], fields[2]
		if models[name] == nil {
			require.Contains(t, referenceModels, name)
			m := referenceModel(name)
			if testing.Short() && m.layers > 2 {
				continue
			}
			models[name] = m.open(t)
		}
		seen[name] = true
		plan, err := NewPlan(models[name], Options{Mix: mix(t, typ)})
		require.NoError(t, err)
		out := filepath.Join(t.TempDir(), "out.gguf")
		_, err = plan.Run(t.Context(), out, RunOptions{Threads: 2})
		require.NoError(t, err)
		if got := fileSum(t, out); got != want {
			t.Errorf("%s as %s: checksum %s, want %s", name, typ, got, want)
		}
		require.NoError(t, os.Remove(out))
	}
	if !testing.Short() {
		require.Len(t, seen, len(referenceModels))
	}
}

func fileSum(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// renewReference writes the models or, if their quantized files are in the folder, the list of
// checksums.
func renewReference(t *testing.T) {
	var lines []string
	for name := range referenceModels {
		made, err := filepath.Glob(filepath.Join(*reference, name+".*.gguf"))
		require.NoError(t, err)
		for _, path := range made {
			typ := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), name+"."), ".gguf")
			lines = append(lines, fmt.Sprintf("%s %s %s\n", name, typ, fileSum(t, path)))
		}
		if len(made) == 0 {
			require.NoError(t, os.Rename(referenceModel(name).write(t), filepath.Join(*reference, name+".gguf")))
		}
	}
	if len(lines) == 0 {
		t.Skip("the models are written: run llama-quantize on them, and then this test again")
	}
	slices.Sort(lines)
	require.NoError(t, os.WriteFile(referenceList, []byte(strings.Join(lines, "")), 0o666))
}
