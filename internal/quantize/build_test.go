package quantize

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// fake describes a small model with the tensors and keys that the rules use.
type fake struct {
	arch                   string
	layers, heads, kvHeads int
	experts                int
	dim, ffn               int // ffn is the number of columns of ffn_down
	tied, fused            bool
	typ                    quant.Type // the matrices' type
	extra                  []gguf.Tensor
	change                 func(name string, x []float32)
	noFileType             bool // the file does not say its type
	split                  bool // written as three files
	kv                     []gguf.KV
}

// base returns a model of the llama architecture.
func base(layers int) fake {
	return fake{arch: "llama", layers: layers, heads: 4, kvHeads: 4, dim: 256, ffn: 256, typ: quant.F16}
}

// write writes the model to a temporary folder and returns its path.
func (f fake) write(t testing.TB) string {
	t.Helper()
	kv := []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(f.arch)},
		{Key: "general.file_type", Value: gguf.U32(1)},
		{Key: "general.name", Value: gguf.Str("fake")},
		{Key: f.arch + ".block_count", Value: gguf.U32(uint32(f.layers))},
		{Key: f.arch + ".attention.head_count", Value: gguf.U32(uint32(f.heads))},
		{Key: f.arch + ".attention.head_count_kv", Value: gguf.U32(uint32(f.kvHeads))},
	}
	if f.experts > 0 {
		kv = append(kv, gguf.KV{Key: f.arch + ".expert_count", Value: gguf.U32(uint32(f.experts))})
	}
	if f.noFileType {
		kv = slices.DeleteFunc(kv, func(e gguf.KV) bool { return e.Key == gguf.KeyFileType })
	}
	tensors := f.tensors()
	dir := t.TempDir()
	if !f.split {
		path := filepath.Join(dir, "in.gguf")
		f.writeFile(t, path, append(kv, f.kv...), tensors)
		return path
	}
	for i := range 3 {
		part := tensors[i*len(tensors)/3 : (i+1)*len(tensors)/3]
		partKV := []gguf.KV{
			{Key: "split.no", Value: gguf.U16(uint16(i))},
			{Key: "split.count", Value: gguf.U16(3)},
			{Key: "split.tensors.count", Value: gguf.I32(int32(len(tensors)))},
		}
		if i == 0 {
			partKV = append(kv, partKV...)
		}
		f.writeFile(t, filepath.Join(dir, fmt.Sprintf("in-%05d-of-00003.gguf", i+1)), partKV, part)
	}
	return filepath.Join(dir, "in-00001-of-00003.gguf")
}

func (f fake) writeFile(t testing.TB, path string, kv []gguf.KV, tensors []gguf.Tensor) {
	w, err := gguf.Create(path, kv, tensors)
	require.NoError(t, err)
	for _, tensor := range tensors {
		hash := fnv.New64()
		hash.Write([]byte(tensor.Name)) // so a tensor has the same weights in every file
		r := rand.New(rand.NewPCG(1, hash.Sum64()))
		x := make([]float32, tensor.Elems())
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		if f.change != nil {
			f.change(tensor.Name, x)
		}
		data := make([]byte, tensor.Rows()*tensor.Type.RowBytes(tensor.Cols()))
		if len(x) > 0 {
			quant.Encode(tensor.Type, data, x, tensor.Cols(), nil)
		}
		require.NoError(t, w.WriteTensor(tensor.Name, data))
	}
	require.NoError(t, w.Commit())
}

// tensors returns the tensors' names, types and shapes. The order differs
// from the order that NewPlan gives the output. Most matrices have two rows.
func (f fake) tensors() (list []gguf.Tensor) {
	add := func(name string, shape ...int) {
		typ := f.typ
		if len(shape) == 1 {
			typ = quant.F32
		}
		list = append(list, gguf.Tensor{Name: name, Type: typ, Shape: shape})
	}
	add("token_embd.weight", 2, f.dim)
	for i := range f.layers {
		p := fmt.Sprintf("blk.%d.", i)
		add(p+"attn_norm.weight", f.dim)
		if f.fused {
			add(p+"attn_qkv.weight", 2, f.dim)
		} else {
			add(p+"attn_q.weight", 2, f.dim)
			add(p+"attn_k.weight", 2, f.dim)
			add(p+"attn_v.weight", 2, f.dim)
		}
		add(p+"attn_output.weight", 2, f.dim)
		if f.experts > 0 {
			add(p+"ffn_gate_inp.weight", f.experts, f.dim)
			add(p+"ffn_down_exps.weight", f.experts, 2, f.ffn)
			add(p+"ffn_up_exps.weight", f.experts, 2, f.dim)
		} else {
			add(p+"ffn_up.weight", 2, f.dim)
			add(p+"ffn_down.weight", 2, f.ffn)
		}
	}
	add("output_norm.weight", f.dim)
	if !f.tied {
		add("output.weight", 2, f.dim)
	}
	return append(list, f.extra...)
}

// open writes the model and opens it.
func (f fake) open(t testing.TB) *gguf.File {
	t.Helper()
	file, err := gguf.Open(f.write(t))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}

// mix returns the mix with the given name.
func mix(t testing.TB, name string) Mix {
	t.Helper()
	m, err := ParseMix(name)
	require.NoError(t, err)
	return m
}

// types returns the type that a plan gives each tensor.
func types(t testing.TB, f *gguf.File, opt Options) map[string]quant.Type {
	t.Helper()
	plan, err := NewPlan(f, opt)
	require.NoError(t, err)
	list := map[string]quant.Type{}
	for _, s := range plan.Steps {
		list[s.Tensor.Name] = s.To
	}
	return list
}
