package model_test

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// adapterFile writes an adapter of rank 2 for some matrices of a test model, and opens it. If
// edit is not nil, it changes the keys and tensors before they are written.
func adapterFile(t *testing.T, edit func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor)) *gguf.File {
	kv := []gguf.KV{
		{Key: "general.type", Value: gguf.Str("adapter")}, {Key: "general.architecture", Value: gguf.Str("llama")},
		{Key: "adapter.type", Value: gguf.Str("lora")}, {Key: "adapter.lora.alpha", Value: gguf.F32(3)},
	}
	var tensors []gguf.Tensor
	add := func(name string, rows, cols int) {
		tensors = append(tensors, gguf.Tensor{Name: name + ".lora_a", Type: quant.F32, Shape: []int{2, cols}}, gguf.Tensor{Name: name + ".lora_b", Type: quant.F32, Shape: []int{rows, 2}})
	}
	add("blk.0.attn_q.weight", testmodel.Dim, testmodel.Dim)
	add("blk.0.attn_output.weight", testmodel.Dim, testmodel.Dim)
	add("blk.1.ffn_up.weight", testmodel.FFNDim, testmodel.Dim)
	add("blk.1.ffn_down.weight", testmodel.Dim, testmodel.FFNDim)
	if edit != nil {
		kv, tensors = edit(kv, tensors)
	}
	path := filepath.Join(t.TempDir(), "adapter.gguf")
	w, err := gguf.Create(path, kv, tensors)
	require.NoError(t, err)
	defer w.Abort()
	r := rand.New(rand.NewPCG(1, 2))
	for _, tensor := range tensors {
		var data []byte
		for range tensor.Elems() {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(r.NormFloat64()*0.1)))
		}
		require.NoError(t, w.WriteTensor(tensor.Name, data))
	}
	require.NoError(t, w.Commit())
	f, err := gguf.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// TestLoRA compares a model that has an adapter with the merged model, and a batch with single
// rows.
func TestLoRA(t *testing.T) {
	compareMerged(t, testmodel.Spec{Seed: 1}, adapterFile(t, nil))
}

// TestLoRAOfFusedMatrices does what TestLoRA does, with adapters of tensors that hold several
// matrices.
func TestLoRAOfFusedMatrices(t *testing.T) {
	f := adapterFile(t, func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
		kv[1].Value = gguf.Str("phi3")
		for i, x := range []struct {
			name       string
			rows, cols int
		}{{"blk.0.attn_qkv", 2 * testmodel.Dim, testmodel.Dim}, {"blk.1.ffn_up", 2 * testmodel.FFNDim, testmodel.Dim}} {
			tensors[2*i] = gguf.Tensor{Name: x.name + ".weight.lora_a", Type: quant.F32, Shape: []int{2, x.cols}}
			tensors[2*i+1] = gguf.Tensor{Name: x.name + ".weight.lora_b", Type: quant.F32, Shape: []int{x.rows, 2}}
		}
		return kv, tensors[:4]
	})
	compareMerged(t, testmodel.Spec{Arch: &arch.Phi3, Seed: 1}, f)
}

// compareMerged compares two models: one that has an adapter, and one that has the adapter merged
// into its weights.
func compareMerged(t *testing.T, spec testmodel.Spec, f *gguf.File) {
	for _, scale := range []float32{1, 0.5} {
		plain, merged := spec.Make(), spec.Make()
		for _, x := range merged.Tensors {
			a, b := f.Tensor(x.Name+".lora_a"), f.Tensor(x.Name+".lora_b")
			if a == nil {
				continue
			}
			av, bv := make([]float32, a.Elems()), make([]float32, b.Elems())
			quant.Decode(a.Type, av, a.Data)
			quant.Decode(b.Type, bv, b.Data)
			for i := range x.Data {
				row, col := i/x.Shape[1], i%x.Shape[1]
				for k := range 2 {
					x.Data[i] += scale * 3 / 2 * bv[row*2+k] * av[k*x.Shape[1]+col]
				}
			}
		}
		base, want := loadPath(t, plain.Write(t)), loadPath(t, merged.Write(t))
		adapter, err := lora.Read(f)
		require.NoError(t, err)
		m, err := base.WithLoRA(adapter, scale)
		require.NoError(t, err)
		tokens := []int32{1, 300, 280, 264, 290, 301}
		at := func(m *model.Model, batch int) []float32 {
			f32 := quant.F32
			s := session(t, m, model.SessionOptions{Threads: 2, Batch: batch, CacheK: &f32, CacheV: &f32})
			logits, err := s.Eval(context.Background(), tokens, nil)
			require.NoError(t, err)
			return slices.Clone(logits)
		}
		got, exact, unchanged := at(m, 6), at(want, 6), at(base, 6)
		require.Equal(t, got, at(m, 1))
		differ := false
		for i := range got {
			require.InDelta(t, exact[i], got[i], 1e-4)
			differ = differ || math.Abs(float64(unchanged[i]-got[i])) > 1e-2
		}
		require.True(t, differ)
		twice, err := m.WithLoRA(adapter, -scale)
		require.NoError(t, err)
		for i, x := range at(twice, 6) {
			require.InDelta(t, unchanged[i], x, 1e-4)
		}
	}
}

func loadPath(t *testing.T, path string) *model.Model {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	m, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func TestBadLoRA(t *testing.T) {
	m := loadPath(t, testmodel.SPM(1).Write(t))
	for want, edit := range map[string]func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor){
		`not a LoRA adapter: general.type is "" and adapter.type is "lora"`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			return kv[1:], tensors
		},
		`the adapter is for models of the architecture "qwen2", but this model is "llama"`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			kv[1].Value = gguf.Str("qwen2")
			return kv, tensors
		},
		`tensor "blk.0.attn_q.weight": only one of lora_a and lora_b is there`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			return kv, tensors[1:]
		},
		`tensor "blk.0.attn_q.weight" is [128, 128], but its adapter is [96, 2]·[2, 128]`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			tensors[1].Shape = []int{96, 2}
			return kv, tensors
		},
		`tensor "blk.9.attn_q.weight": the model lacks this tensor, or an adapter cannot change it`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			tensors[0].Name, tensors[1].Name = "blk.9.attn_q.weight.lora_a", "blk.9.attn_q.weight.lora_b"
			return kv, tensors
		},
		`tensor "token_embd.weight": the ranks of its lora_a [2 128] and its lora_b [128 2] differ`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			tensors[0].Name, tensors[1].Name = "token_embd.weight.lora_a", "token_embd.weight.lora_b"
			return kv, tensors
		},
		`adapter.lora.alpha is NaN`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) {
			kv[3].Value = gguf.F32(float32(math.NaN()))
			return kv, tensors
		},
		`the adapter has no tensors`: func(kv []gguf.KV, tensors []gguf.Tensor) ([]gguf.KV, []gguf.Tensor) { return kv, nil },
	} {
		a, err := lora.Read(adapterFile(t, edit))
		if err == nil {
			_, err = m.WithLoRA(a, 1)
		}
		require.ErrorContains(t, err, want)
	}
}
