package gguf

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// TestLegacyTypes reads every type of every container. The same code may stand for different
// layouts.
func TestLegacyTypes(t *testing.T) {
	tests := []struct {
		format  string
		version uint32
		ftype   int32
		code    int32
		want    quant.Type
	}{
		{"ggml", 0, 0, 0, quant.F32},
		{"ggml", 0, 1, 1, quant.F16},
		{"ggml", 0, 2, 2, quant.Q4_0v1},
		{"ggml", 0, 3, 3, quant.Q4_1v1},
		{"ggml", 0, 1002, 2, quant.Q4_0v2},
		{"ggml", 0, 2002, 2, quant.Q4_0},
		{"ggmf", 1, 1, 1, quant.F16},
		{"ggmf", 1, 2, 2, quant.Q4_0v1},
		{"ggmf", 1, 4, 3, quant.Q4_1v1},
		{"ggjt", 1, 2, 2, quant.Q4_0v1},
		{"ggjt", 1, 3, 3, quant.Q4_1v1},
		{"ggjt", 1, 5, 4, quant.Q4_2},
		{"ggjt", 1, 6, 5, quant.Q4_3},
		{"ggjt", 1, 8, 6, quant.Q5_0v1},
		{"ggjt", 1, 9, 7, quant.Q5_1v1},
		{"ggjt", 1, 7, 8, quant.Q8_0v1},
		{"ggjt", 1, 7, 6, quant.Q8_0v1}, // for one day, code 6 stood for Q8_0
		{"ggjt", 2, 2, 2, quant.Q4_0v2},
		{"ggjt", 2, 3, 3, quant.Q4_1v2},
		{"ggjt", 2, 8, 6, quant.Q5_0},
		{"ggjt", 2, 9, 7, quant.Q5_1},
		{"ggjt", 2, 7, 8, quant.Q8_0v1},
		{"ggjt", 3, 0, 0, quant.F32},
		{"ggjt", 3, 1, 1, quant.F16},
		{"ggjt", 3, 2, 2, quant.Q4_0},
		{"ggjt", 3, 3, 3, quant.Q4_1},
		{"ggjt", 3, 8, 6, quant.Q5_0},
		{"ggjt", 3, 9, 7, quant.Q5_1},
		{"ggjt", 3, 7, 8, quant.Q8_0},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %d %v", test.format, test.version, test.want), func(t *testing.T) {
			m := newOldModel(test.format, test.version, test.ftype, test.code, test.want)
			f := open(t, m.save(t))
			require.Equal(t, test.format, f.Format)
			require.Equal(t, test.version, f.Version)
			require.Len(t, f.Tensors, len(m.tensors))
			for i, want := range m.tensors {
				got := f.Tensors[i]
				require.Equal(t, want.data, got.Data, want.name)
				if want.rows > 0 {
					require.Equal(t, test.want, got.Type)
					require.Equal(t, []int{want.rows, want.cols}, got.Shape)
				} else {
					require.Equal(t, quant.F32, got.Type)
					require.Equal(t, []int{want.cols}, got.Shape)
				}
			}
			require.Equal(t, m.tensors[3].data, f.Tensor("blk.0.attn_q.weight").Data)
			n, _, err := f.Uint("general.file_type")
			require.NoError(t, err)
			require.EqualValues(t, test.ftype%1000, n)
		})
	}
}

// TestLegacyK reads the k-quants of ggjt version 3.
func TestLegacyK(t *testing.T) {
	for _, typ := range []quant.Type{quant.Q2_K, quant.Q3_K, quant.Q4_K, quant.Q5_K, quant.Q6_K} {
		m := &oldModel{format: "ggjt", version: 3, ftype: 10, code: int32(typ), embd: 256, heads: 4, ffn: 512, vocab: oldVocab(0)}
		m.fill(typ)
		f := open(t, m.save(t))
		require.Equal(t, typ, f.Tensors[0].Type)
	}
}

// TestLegacyRefusesTypes checks that the reader refuses codes that a container never had.
func TestLegacyRefusesTypes(t *testing.T) {
	tests := []struct {
		format  string
		version uint32
		code    int32
		want    string
	}{
		{"ggml", 0, 4, "type code 4, which ggml does not have"},
		{"ggml", 0, 8, "type code 8, which ggml does not have"},
		{"ggmf", 1, 6, "type code 6, which ggmf does not have"},
		{"ggjt", 1, 12, "type code 12, which ggjt version 1 does not have"},
		{"ggjt", 2, 4, "type code 4, which ggjt version 2 does not have"},
		{"ggjt", 3, 5, "type code 5, which ggjt version 3 does not have"},
		{"ggjt", 3, 9, "type code 9, which ggjt version 3 does not have"},
		{"ggjt", 3, -1, "type code -1"},
		{"ggjt", 3, 30, "type code 30"},
	}
	for _, test := range tests {
		m := newOldModel(test.format, test.version, 2, test.code, quant.F32)
		require.ErrorContains(t, refuse(t, m.save(t)), test.want)
	}
}

func TestLegacyMetadata(t *testing.T) {
	m := newOldModel("ggjt", 3, 0, 0, quant.F32)
	f := open(t, m.save(t))
	got := map[string]any{}
	for _, kv := range f.KV {
		got[kv.Key] = kv.Value.Any()
	}
	texts, types, scores := got["tokenizer.ggml.tokens"].([]string), got["tokenizer.ggml.token_type"].([]int64), got["tokenizer.ggml.scores"].([]float32)
	for _, key := range []string{"tokens", "token_type", "scores"} {
		delete(got, "tokenizer.ggml."+key)
	}
	require.Equal(t, map[string]any{
		"general.architecture": "llama", "general.name": "old", "general.file_type": uint64(0),
		"general.source.format": "ggjt 3", "general.source.file": "old.bin",
		"llama.vocab_size": uint64(288), "llama.context_length": uint64(2048), "llama.embedding_length": uint64(128),
		"llama.block_count": uint64(1), "llama.attention.head_count": uint64(4), "llama.attention.head_count_kv": uint64(4),
		"llama.rope.dimension_count": uint64(32), "llama.feed_forward_length": uint64(256),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-6), "tokenizer.ggml.model": "llama",
		"tokenizer.ggml.bos_token_id": uint64(1), "tokenizer.ggml.eos_token_id": uint64(2), "tokenizer.ggml.unknown_token_id": uint64(0),
	}, got)
	require.Len(t, texts, 288)
	require.Equal(t, []string{"<unk>", "<s>", "</s>", "<0x00>"}, texts[:4])
	require.Equal(t, []string{"<0xFF>", "\u2581piece0"}, texts[258:260])
	require.Equal(t, []int64{2, 3, 3, 6}, types[:4])
	require.Equal(t, []int64{6, 1}, types[258:260])
	require.Equal(t, float32(-100), scores[100], "the scores must be those of the file")
}

// TestLegacyEps checks the epsilon of norms, which files of 2023 do not have.
func TestLegacyEps(t *testing.T) {
	eps := func(m *oldModel, opt Options) (float64, bool) {
		f, err := OpenWith(m.save(t), opt)
		require.NoError(t, err)
		defer f.Close()
		eps, _, err := f.Float("llama.attention.layer_norm_rms_epsilon")
		require.NoError(t, err)
		space, found, err := f.Bool("tokenizer.ggml.add_space_prefix")
		require.NoError(t, err)
		return float64(float32(eps)), !found || space
	}
	tests := []struct {
		m     *oldModel
		opt   Options
		want  float32
		space bool
	}{
		{newOldModel("ggml", 0, 0, 0, quant.F32), Options{}, 1e-5, false},
		{newOldModel("ggmf", 1, 0, 0, quant.F32), Options{}, 1e-6, true},
		{newOldModel("ggjt", 1, 0, 0, quant.F32), Options{}, 1e-6, true},
		{newOldModel("ggjt", 3, 0, 0, quant.F32), Options{}, 1e-6, true},
		{newOldModel("ggjt", 3, 0, 0, quant.F32), Options{Eps: 5e-6}, 5e-6, true},
	}
	for _, test := range tests {
		got, space := eps(test.m, test.opt)
		require.Equal(t, float64(test.want), got)
		require.Equal(t, test.space, space)
	}
	for _, bad := range []float32{-1, 2, float32(math.NaN())} {
		_, err := OpenWith(tests[0].m.save(t), Options{Eps: bad})
		require.ErrorContains(t, err, "want between 0 and 1")
	}
}

// TestEps checks that Options.Eps replaces or adds the epsilon of norms of a GGUF file.
func TestEps(t *testing.T) {
	const key = "llama.attention.layer_norm_rms_epsilon"
	path := filepath.Join(t.TempDir(), "a.gguf")
	for _, there := range []bool{false, true} {
		kv := []KV{{"general.architecture", Str("llama")}, {"a", U8(1)}}
		if there {
			kv = append(kv, KV{key, F32(0.5)}, KV{"b", U8(2)})
		}
		w, err := Create(path, kv, nil)
		require.NoError(t, err)
		require.NoError(t, w.Commit())
		f, err := OpenWith(path, Options{Eps: 0.25})
		require.NoError(t, err)
		eps, _, err := f.Float(key)
		require.NoError(t, err)
		require.EqualValues(t, 0.25, eps)
		require.Len(t, f.KV, max(len(kv), 3))
		require.NoError(t, f.Close())
	}
}

// TestLegacyGQA checks that the number of key heads is inferred from the shapes. Of the models of
// 2023, only LLaMA 2 shares key heads.
func TestLegacyGQA(t *testing.T) {
	m := newOldModel("ggjt", 3, 0, 0, quant.F32)
	for i := range m.tensors {
		if strings.Contains(m.tensors[i].name, "wk") || strings.Contains(m.tensors[i].name, "wv") {
			m.tensors[i].rows = 64
			m.tensors[i].data = m.tensors[i].data[:4*64*128]
		}
	}
	f := open(t, m.save(t))
	for key, want := range map[string]uint64{"llama.attention.head_count": 4, "llama.attention.head_count_kv": 2, "llama.context_length": 4096} {
		n, _, err := f.Uint(key)
		require.NoError(t, err)
		require.Equal(t, want, n, key)
	}
	eps, _, err := f.Float("llama.attention.layer_norm_rms_epsilon")
	require.NoError(t, err)
	require.Equal(t, float32(1e-5), float32(eps))
}

// TestLegacyShared reads files that programs of 2023 wrote. It compares the vocabulary exactly, and
// the weights within the error of their format.
func TestLegacyShared(t *testing.T) {
	ref := open(t, testshared.Path(t, "models/stories260K-mha.gguf"))
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(testshared.Path(t, "models/legacy/leg-ggml-f16.bin")), "*.bin"))
	require.NoError(t, err)
	require.Len(t, paths, 23)
	tolerance := map[string]float64{"f16": 3e-4, "q8": 0.007, "q5": 0.05, "q4": 0.11}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := open(t, path)
			name := strings.Split(strings.TrimSuffix(filepath.Base(path), ".bin"), "-")
			require.Equal(t, name[1], strings.TrimSuffix(fmt.Sprint(f.Format, f.Version), "0"))
			if name[2] == "f16" {
				require.Equal(t, quant.F16, f.Tensors[0].Type)
			} else {
				require.True(t, strings.HasPrefix(f.Tensors[0].Type.String(), strings.ToUpper(name[2])))
			}
			require.Equal(t, f.Tensors[0].Type == quant.Q4_1v1 && f.Format == "ggml", f.Tensors[0].src.plane)

			for _, key := range []string{"tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type",
				"llama.feed_forward_length", "llama.embedding_length", "llama.attention.head_count", "llama.block_count"} {
				want, _ := ref.Value(key)
				got, found := f.Value(key)
				require.True(t, found, key)
				require.Equal(t, want.Any(), got.Any(), key)
			}
			require.Len(t, f.Tensors, len(ref.Tensors))
			for _, x := range f.Tensors {
				r := ref.Tensor(x.Name)
				require.Equal(t, r.Shape, x.Shape, x.Name)
				got, want := make([]float32, x.Elems()), make([]float32, x.Elems())
				quant.Decode(x.Type, got, x.Data)
				quant.Decode(r.Type, want, r.Data)
				var diff, size float64
				for i := range got {
					diff += float64(got[i]-want[i]) * float64(got[i]-want[i])
					size += float64(want[i]) * float64(want[i])
				}
				require.Less(t, math.Sqrt(diff/size), tolerance[strings.Split(name[2], "_")[0]], x.Name)
			}
		})
	}
}
