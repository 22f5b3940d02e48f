package model_test

import (
	"math"
	"os"
	"slices"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// change returns kv with some entries replaced. An entry whose new value is empty is removed.
func change(kv []gguf.KV, changes ...gguf.KV) []gguf.KV {
	kv = slices.Clone(kv)
	for _, c := range changes {
		kv = slices.DeleteFunc(kv, func(e gguf.KV) bool { return e.Key == c.Key })
		if c.Value.Len() > 0 || c.Value.Kind == gguf.KindArray {
			kv = append(kv, c)
		}
	}
	return kv
}

func TestConfig(t *testing.T) {
	s := small.withDefaults()
	path := t.TempDir() + "/config.gguf"
	writeFile(t, path, change(s.metadata(),
		gguf.KV{Key: "general.name", Value: gguf.Str("small")},
		gguf.KV{Key: "llama.feed_forward_length", Value: gguf.I32s([]int32{96, 96})},
		gguf.KV{Key: "llama.rope.freq_base", Value: gguf.F32(500000)},
		gguf.KV{Key: "llama.rope.dimension_count", Value: gguf.U32(16)},
		gguf.KV{Key: "llama.attention.sliding_window", Value: gguf.U64(77)},
		gguf.KV{Key: "llama.rope.scaling.type", Value: gguf.Str("none")},
	), s.tensors())
	c := loadNoise(t, path).Config
	require.Equal(t, "small", c.Name)
	require.Equal(t, [...]int{512, 64, 2, 100}, [...]int{c.TrainCtx, c.Dim, c.NumLayers, c.VocabSize})
	layer := model.LayerConfig{NumHeads: 4, NumKVHeads: 2, KeyDim: 16, ValueDim: 16, FFNDim: 96, Window: 77}
	require.Equal(t, []model.LayerConfig{layer, layer}, c.Layers)
	require.Equal(t, float32(1e-5), c.NormEps)
	require.Equal(t, 500000.0, c.Rope.Base)
	require.Equal(t, 512, c.Rope.OrigCtx)
	require.EqualValues(t, "none", c.Rope.Scaling)
}

// TestConfigOfAnyNumbers checks that numbers may have any type that holds their values.
func TestConfigOfAnyNumbers(t *testing.T) {
	s := small.withDefaults()
	dir := t.TempDir()
	writeFile(t, dir+"/usual.gguf", s.metadata(), s.tensors())
	want := loadNoise(t, dir+"/usual.gguf").Config
	kinds := map[string]func(x float64) gguf.Value{
		"u64": func(x float64) gguf.Value { return gguf.U64(uint64(x)) },
		"i32": func(x float64) gguf.Value { return gguf.I32(int32(x)) },
		"u16": func(x float64) gguf.Value { return gguf.U16(uint16(x)) },
		"f32": func(x float64) gguf.Value { return gguf.F32(float32(x)) },
		"f64": gguf.F64,
	}
	for name, kind := range kinds {
		kv := s.metadata()
		for i, e := range kv {
			x, isNumber := e.Value.Float()
			if isNumber && (x == math.Trunc(x) || name == "f64") {
				kv[i].Value = kind(x)
			}
		}
		kv = append(kv, gguf.KV{Key: "llama.attention.causal", Value: gguf.U8(1)})
		writeFile(t, dir+"/"+name+".gguf", kv, s.tensors())
		require.Equal(t, want, loadNoise(t, dir+"/"+name+".gguf").Config, name)
	}
}

func TestBadConfigsAreRefused(t *testing.T) {
	u32 := func(key string, n uint32) gguf.KV { return gguf.KV{Key: key, Value: gguf.U32(n)} }
	none := func(key string) gguf.KV { return gguf.KV{Key: key} }
	tests := []struct {
		kv   gguf.KV
		want string // a part of the error
	}{
		{none("general.architecture"), `no key "general.architecture"`},
		{gguf.KV{Key: "general.architecture", Value: gguf.Str("rwkv7")}, `architecture "rwkv7" is not supported, only llama, qwen2, qwen3`},
		{u32("general.architecture", 1), "want a string"},
		{none("llama.context_length"), `no key "llama.context_length"`},
		{none("llama.embedding_length"), `no key "llama.embedding_length"`},
		{none("llama.block_count"), `no key "llama.block_count"`},
		{none("llama.feed_forward_length"), `no key "llama.feed_forward_length"`},
		{none("llama.attention.head_count"), `no key "llama.attention.head_count"`},
		{none("llama.attention.layer_norm_rms_epsilon"), `no key "llama.attention.layer_norm_rms_epsilon"`},
		{gguf.KV{Key: "llama.embedding_length", Value: gguf.Str("64")}, `"llama.embedding_length": str`},
		{u32("llama.context_length", 0), "llama.context_length is 0"},
		{u32("llama.embedding_length", 0), "llama.embedding_length is 0"},
		{u32("llama.block_count", 0), "llama.block_count is 0"},
		{u32("llama.block_count", 3), `no tensor "blk.2.attn_norm.weight"`},
		{u32("llama.block_count", 1<<31), "at most"},
		{u32("llama.embedding_length", 128), `"token_embd.weight": shape [100 64], must be [100 128] according to the metadata`},
		{u32("llama.attention.head_count", 0), "head_count is 0"},
		{u32("llama.attention.head_count", 3), "3 query heads cannot share 2 key heads"},
		{u32("llama.attention.head_count", 6), "embedding of 64 cannot be divided among 6 heads"},
		{u32("llama.attention.head_count", 128), "key_length is 0"},
		{u32("llama.attention.head_count_kv", 0), "head_count_kv is 0"},
		{u32("llama.attention.head_count_kv", 3), "4 query heads cannot share 3 key heads"},
		{u32("llama.attention.head_count_kv", 4), `"blk.0.attn_k.weight": shape [32 64], must be [64 64] according to the metadata`},
		{u32("llama.attention.key_length", 8), "attn_q.weight"},
		{u32("llama.attention.key_length", 1<<23), "at most 16777216 elements in all"},
		{u32("llama.feed_forward_length", 97), "ffn_gate.weight"},
		{gguf.KV{Key: "llama.feed_forward_length", Value: gguf.I32s([]int32{96, 48})}, `"blk.1.ffn_gate.weight": shape [96 64], must be [48 64] according to the metadata`},
		{gguf.KV{Key: "llama.feed_forward_length", Value: gguf.I32s([]int32{96, 96, 96})}, "3 numbers for 2 layers"},
		{gguf.KV{Key: "llama.feed_forward_length", Value: gguf.I32s([]int32{96, -96})}, "-96, must be between 0 and 16777216"},
		{gguf.KV{Key: "llama.attention.head_count", Value: gguf.I32s([]int32{4, 3})}, "layer 1: 3 query heads cannot share 2 key heads"},
		{gguf.KV{Key: "llama.attention.head_count_kv", Value: gguf.I32s([]int32{2, 0})}, "layer 1: llama.attention.head_count_kv is 0"},
		{gguf.KV{Key: "llama.embedding_length", Value: gguf.I32s([]int32{64, 32})}, "layers that differ (64 and 32) are not supported"},
		{gguf.KV{Key: "llama.feed_forward_length", Value: gguf.I32s(nil)}, "feed_forward_length"},
		{gguf.KV{Key: "llama.attention.layer_norm_rms_epsilon", Value: gguf.F32(float32(math.NaN()))}, "is not a number"},
		{gguf.KV{Key: "llama.attention.layer_norm_rms_epsilon", Value: gguf.F32(-1)}, "must be between 0 and 1"},
		{gguf.KV{Key: "llama.rope.freq_base", Value: gguf.F32(0)}, "base is 0"},
		{gguf.KV{Key: "llama.rope.scaling.factor", Value: gguf.F32(-4)}, "scaling factor is -4"},
		{gguf.KV{Key: "llama.rope.scaling.type", Value: gguf.Str("dynamic")}, `scaling.type "dynamic" is not supported, only [none linear ntk yarn longrope]`},
		{gguf.KV{Key: "llama.rope.scaling.type", Value: gguf.Str("longrope")}, `no tensors "rope_factors_long.weight" and "rope_factors_short.weight"`},
		{gguf.KV{Key: "llama.attention.causal", Value: gguf.Bool(false)}, "llama.attention.causal is false: an encoder"},
		{gguf.KV{Key: "llama.attention.causal", Value: gguf.U8(0)}, "llama.attention.causal is false: an encoder"},
		{gguf.KV{Key: "llama.attention.causal", Value: gguf.U8(2)}, `"llama.attention.causal": u8 (2), want a bool`},
		{gguf.KV{Key: "llama.attention.head_count", Value: gguf.F32(4.5)}, `"llama.attention.head_count": f32 (4.5), want a non-negative integer`},
		{gguf.KV{Key: "llama.attention.head_count", Value: gguf.I32(-4)}, `"llama.attention.head_count": i32 (-4), want a non-negative integer`},
		{gguf.KV{Key: "llama.attention.layer_norm_rms_epsilon", Value: gguf.F64(1e300)}, "must be between 0 and 1"},
		{gguf.KV{Key: "llama.block_count", Value: gguf.U64(1 << 60)}, "at most 4096"},
		{u32("llama.rope.dimension_count", 18), "must be at most the head size, 16"},
		{u32("llama.rope.dimension_count", 7), "must be even"},
		{u32("llama.expert_count", 4), "expert_used_count is 0"},
		{u32("llama.expert_count", 1<<24), "expert_count"},
	}
	s := small.withDefaults()
	tensors := s.tensors()
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			path := t.TempDir() + "/bad.gguf"
			writeFile(t, path, change(s.metadata(), test.kv), tensors)
			_, err := openNoise(path)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "model: ")
		})
	}
	path := t.TempDir() + "/arch.gguf"
	writeFile(t, path, change(s.metadata(), gguf.KV{Key: "general.architecture", Value: gguf.Str("mamba")}), tensors)
	_, err := openNoise(path)
	require.ErrorIs(t, err, model.ErrUnsupported)
}

func TestBadTensorsAreRefused(t *testing.T) {
	s := small.withDefaults()
	tests := []struct {
		name   string
		change func(*gguf.Tensor) // nil removes it
		want   string
	}{
		{"token_embd.weight", nil, `no tensor "token_embd.weight"`},
		{"output_norm.weight", nil, `no tensor "output_norm.weight"`},
		{"blk.1.ffn_down.weight", nil, `no tensor "blk.1.ffn_down.weight"`},
		{"blk.0.attn_v.weight", func(t *gguf.Tensor) { t.Shape = []int{64, 32} }, `"blk.0.attn_v.weight": shape [64 32], must be [32 64] according to the metadata`},
		{"blk.0.attn_norm.weight", func(t *gguf.Tensor) { t.Shape = []int{32, 2} }, `"blk.0.attn_norm.weight": shape [32 2]`},
		{"blk.0.attn_q.weight", func(t *gguf.Tensor) { t.Type = quant.I32 }, `"blk.0.attn_q.weight": matmul: cannot compute with I32`},
		{"blk.0.ffn_norm.weight", func(t *gguf.Tensor) { t.Type = quant.I32 }, `"blk.0.ffn_norm.weight": cannot compute with I32`},
		{"output.weight", func(t *gguf.Tensor) { t.Shape = []int{64, 100} }, `"output.weight": shape`},
	}
	for _, test := range tests {
		t.Run(test.want, func(t *testing.T) {
			tensors := s.tensors()
			i := slices.IndexFunc(tensors, func(t gguf.Tensor) bool { return t.Name == test.name })
			if test.change == nil {
				tensors = slices.Delete(tensors, i, i+1)
			} else {
				test.change(&tensors[i])
			}
			path := t.TempDir() + "/bad.gguf"
			writeFile(t, path, s.metadata(), tensors)
			_, err := openNoise(path)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestVocabularyMustFitTheEmbedding(t *testing.T) {
	for _, n := range []int{99, 101} {
		s := small.withDefaults()
		tokens, types, scores := make([]string, n), make([]int32, n), make([]float32, n)
		for i := range tokens {
			tokens[i], types[i] = string(rune('a'+i)), 1
		}
		path := t.TempDir() + "/vocab.gguf"
		writeFile(t, path, change(s.metadata(),
			gguf.KV{Key: "tokenizer.ggml.model", Value: gguf.Str("llama")},
			gguf.KV{Key: "tokenizer.ggml.tokens", Value: gguf.Strs(tokens)},
			gguf.KV{Key: "tokenizer.ggml.token_type", Value: gguf.I32s(types)},
			gguf.KV{Key: "tokenizer.ggml.scores", Value: gguf.F32s(scores)},
		), s.tensors())
		f, err := gguf.Open(path)
		require.NoError(t, err)
		_, err = model.Load(f, model.LoadOptions{})
		require.ErrorContains(t, err, "100")
		f.Close()
	}
}

func TestAdjust(t *testing.T) {
	f, err := gguf.Open(small.write(t))
	require.NoError(t, err)
	defer f.Close()
	m, err := model.Load(f, model.LoadOptions{NoTokenizer: true, Adjust: func(c *model.Config) { c.NormEps = 1e-6 }})
	require.NoError(t, err)
	require.Equal(t, float32(1e-6), m.Config.NormEps)
	_, err = model.Load(f, model.LoadOptions{NoTokenizer: true, Adjust: func(c *model.Config) { c.Layers[0].NumHeads = 3 }})
	require.Error(t, err)
}

// FuzzLoad damages a file's bytes: loading and evaluating must not panic.
func FuzzLoad(f *testing.F) {
	s := small
	s.layers, s.vocab = 1, 8
	data, err := os.ReadFile(s.write(f))
	require.NoError(f, err)
	end := len(data) - 4096 // the seeds change mostly metadata
	f.Add(uint32(40), byte(1), uint32(60), byte(2))
	for i := 0; i < 1200 && i < end; i += 37 {
		f.Add(uint32(i), byte(1), uint32(i+3), byte(0x80))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, at1 uint32, x1 byte, at2 uint32, x2 byte) {
		bad := slices.Clone(data)
		bad[int(at1)%len(bad)] ^= x1
		bad[int(at2)%2048] ^= x2
		path := dir + "/fuzz.gguf"
		require.NoError(t, os.WriteFile(path, bad, 0o644))
		m, err := openNoise(path)
		if err != nil {
			return
		}
		defer m.Close()
		l := m.Config.Layers[0]
		if c := m.Config; c.Dim > 256 || l.FFNDim > 1024 || l.NumHeads*max(l.KeyDim, l.ValueDim) > 1024 {
			return
		}
		sess, err := m.NewSession(model.SessionOptions{Ctx: 64, Batch: 4, Threads: 1})
		if err != nil {
			return
		}
		defer sess.Close()
		_, _ = sess.Eval(t.Context(), []int32{1, 2, 3}, nil)
	})
}
