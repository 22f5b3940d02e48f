package model_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/convert"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// shapes maps the name of each tensor of a checkpoint to its shape.
type shapes map[string][]int

// formula returns the elements of a tensor, computed from its name. The script
// that computed the expected logits filled models of transformers with the same
// elements. The elements of matrices are around 0, those of vectors around 1.
func formula(name string, shape []int) []float32 {
	n, middle := 1, float32(1)
	for _, d := range shape {
		n *= d
	}
	if len(shape) > 1 {
		middle = 0
	}
	h := uint32(0)
	for _, c := range []byte(name) {
		h = (h*31 + uint32(c)) % 65521
	}
	x := make([]float32, n)
	for i := range x {
		v := uint32(i+1)*2654435761 + h*40503
		v = (v ^ v>>15) * 2246822519
		v ^= v >> 13
		x[i] = middle + float32(int(v>>16&1023)-512)/2048
	}
	return x
}

// writeFormula writes a checkpoint with weights from formula, and returns its folder.
func writeFormula(t *testing.T, config string, tensors shapes) string {
	dir := t.TempDir()
	head, data := map[string]any{}, []byte(nil)
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		from := len(data)
		for _, v := range formula(name, tensors[name]) {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		head[name] = map[string]any{"dtype": "F32", "shape": tensors[name], "data_offsets": []int{from, len(data)}}
	}
	raw, err := json.Marshal(head)
	require.NoError(t, err)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(raw))), raw...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.safetensors"), append(file, data...), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(`{"pre_tokenizer":{"type":"ByteLevel"},"model":{"type":"BPE","byte_fallback":true,"vocab":{"a":0,"b":1,"c":2},"merges":[]}}`), 0o644))
	return dir
}

// formulaTokens is the text whose logits TestFormulas records.
var formulaTokens = []int32{1, 5, 9, 2, 7, 40, 33, 21, 8, 8, 17, 46, 3, 30, 11, 25, 19, 44, 6, 12}

// attention returns the tensors of a model of width 32, without those
// of the feed-forward networks. Each layer has 4 query heads and kv key
// heads of n elements. The tensors in more are added to each layer.
func attention(layers, n, kv int, more shapes) shapes {
	s := shapes{"model.embed_tokens.weight": {48, 32}, "model.norm.weight": {32}}
	for i := range layers {
		p := fmt.Sprintf("model.layers.%d.", i)
		maps.Copy(s, shapes{
			p + "input_layernorm.weight": {32}, p + "post_attention_layernorm.weight": {32},
			p + "self_attn.q_proj.weight": {4 * n, 32}, p + "self_attn.k_proj.weight": {kv * n, 32}, p + "self_attn.v_proj.weight": {kv * n, 32}, p + "self_attn.o_proj.weight": {32, 4 * n},
		})
		for name, shape := range more {
			s[p+name] = shape
		}
	}
	return s
}

// gemma4Config is the beginning of a config.json that fits the tensors of gemma4.
const gemma4Config = `{"architectures":["Gemma4ForCausalLM"],"model_type":"gemma4_text","vocab_size":48,"hidden_size":32,"num_hidden_layers":6,"num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":256,"rms_norm_eps":1e-6,
		"intermediate_size":48,"head_dim":8,"global_head_dim":16,"sliding_window":6,"final_logit_softcapping":20.0,"layer_types":["sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention","full_attention"],`

// gemma4 returns the tensors of six layers of Gemma 4. Layers 0, 2 and 4 have a window, kv[0] key
// heads and heads of 8 elements. The other layers have kv[1] key heads and heads of 16 elements.
// Layers 1, 3 and 5 have matrices for values only if the parameter values is true. The last shared
// layers have no keys and values of their own, and feed-forward networks of twice the size.
func gemma4(kv [2]int, shared int, values bool, more shapes) shapes {
	s := shapes{"model.embed_tokens.weight": {48, 32}, "model.norm.weight": {32}}
	for i := range 6 {
		p, n, ffn := fmt.Sprintf("model.layers.%d.", i), 8<<(i%2), 48
		if i >= 6-shared {
			ffn = 96
		} else {
			s[p+"self_attn.k_proj.weight"], s[p+"self_attn.k_norm.weight"] = []int{kv[i%2] * n, 32}, []int{n}
			if i%2 == 0 || values {
				s[p+"self_attn.v_proj.weight"] = []int{kv[i%2] * n, 32}
			}
		}
		maps.Copy(s, shapes{
			p + "input_layernorm.weight": {32}, p + "post_attention_layernorm.weight": {32}, p + "pre_feedforward_layernorm.weight": {32}, p + "post_feedforward_layernorm.weight": {32}, p + "layer_scalar": {1},
			p + "self_attn.q_proj.weight": {4 * n, 32}, p + "self_attn.o_proj.weight": {32, 4 * n}, p + "self_attn.q_norm.weight": {n},
			p + "mlp.gate_proj.weight": {ffn, 32}, p + "mlp.up_proj.weight": {ffn, 32}, p + "mlp.down_proj.weight": {32, ffn},
		})
		for name, shape := range more {
			s[p+name] = shape
		}
	}
	return s
}

// TestFormulas compares the logits of checkpoints with those of torch. None of the shared
// checkpoints has these combinations of layers.
func TestFormulas(t *testing.T) {
	if testing.Short() {
		t.Skip("TestLogitsAreTheSameToTheBit shows that emulated CPUs give the same bits as others")
	}
	const sizes = `"vocab_size":48,"hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":256,"rms_norm_eps":1e-6,`
	output := shapes{"lm_head.weight": {48, 32}}
	with := func(s shapes, more shapes) shapes { maps.Copy(s, more); return s }
	tests := []struct {
		name, config string
		tensors      shapes
		at9, last    []float64 // the logits of tokens 0 to 7 after positions 9 and 19, by torch 2.15 and transformers 5.24
		argmax       []int32
	}{
		{"granitemoe", `{"architectures":["GraniteMoeForCausalLM"],"model_type":"granitemoe",` + sizes + `"intermediate_size":24,"num_local_experts":6,"num_experts_per_tok":2,"embedding_multiplier":6.0,"attention_multiplier":0.2,"residual_multiplier":0.5,"logits_scaling":0.5,"tie_word_embeddings":true}`,
			attention(2, 8, 2, shapes{"block_sparse_moe.router.layer.weight": {6, 32}, "block_sparse_moe.input_linear.weight": {6, 48, 32}, "block_sparse_moe.output_linear.weight": {6, 32, 24}}),
			[]float64{1.561824, 1.974788, 2.31343, -0.82041, -2.390375, -3.247838, 1.866278, 0.681231},
			[]float64{3.152324, -0.0752, 1.27435, 0.087073, -2.489938, -2.898932, -1.007409, -0.133555},
			[]int32{1, 5, 9, 2, 7, 40, 33, 21, 8, 8, 17, 46, 3, 30, 11, 25, 19, 44, 6, 12}},
		{"qwen3moe, fused", `{"architectures":["Qwen3MoeForCausalLM"],"model_type":"qwen3_moe",` + sizes + `"head_dim":16,"intermediate_size":64,"moe_intermediate_size":24,"num_experts":6,"num_experts_per_tok":3,"norm_topk_prob":true,"tie_word_embeddings":false}`,
			with(attention(2, 16, 2, shapes{"self_attn.q_norm.weight": {16}, "self_attn.k_norm.weight": {16}, "mlp.gate.weight": {6, 32}, "mlp.experts.gate_up_proj": {6, 48, 32}, "mlp.experts.down_proj": {6, 32, 24}}), output),
			[]float64{0.690666, -0.458285, -1.664218, 0.4874, -0.651772, 1.826973, 0.107775, 0.725594},
			[]float64{1.197105, 0.166209, -1.05227, -0.393818, -1.041747, 0.480447, 0.733228, 0.957985},
			[]int32{36, 10, 10, 10, 10, 10, 0, 0, 5, 5, 0, 36, 0, 9, 12, 9, 17, 36, 9, 9}},
		{"qwen2moe, fused", `{"architectures":["Qwen2MoeForCausalLM"],"model_type":"qwen2_moe",` + sizes + `"intermediate_size":64,"moe_intermediate_size":24,"shared_expert_intermediate_size":40,"num_experts":6,"num_experts_per_tok":2,"tie_word_embeddings":false}`,
			with(attention(2, 8, 2, shapes{
				"self_attn.q_proj.bias": {32}, "self_attn.k_proj.bias": {16}, "self_attn.v_proj.bias": {16}, "mlp.gate.weight": {6, 32}, "mlp.experts.gate_up_proj": {6, 48, 32}, "mlp.experts.down_proj": {6, 32, 24},
				"mlp.shared_expert.gate_proj.weight": {40, 32}, "mlp.shared_expert.up_proj.weight": {40, 32}, "mlp.shared_expert.down_proj.weight": {32, 40}, "mlp.shared_expert_gate.weight": {1, 32},
			}), output),
			[]float64{0.118454, -0.039968, -1.00332, -0.255623, 0.039828, -0.419706, -0.603267, 1.035989},
			[]float64{0.37024, -0.007336, -1.16957, -0.252138, 0.315932, -0.708113, -0.833452, 1.170928},
			[]int32{28, 32, 43, 18, 14, 18, 18, 18, 18, 40, 32, 18, 18, 18, 42, 14, 14, 14, 18, 14}},
		{"gemma4, shared keys", gemma4Config + `"hidden_size_per_layer_input":8,"vocab_size_per_layer_input":48,"num_kv_shared_layers":2,"use_double_wide_mlp":true}`,
			with(gemma4([2]int{2, 2}, 2, true, shapes{"per_layer_input_gate.weight": {8, 32}, "per_layer_projection.weight": {32, 8}, "post_per_layer_input_norm.weight": {32}}),
				shapes{"model.embed_tokens_per_layer.weight": {48, 48}, "model.per_layer_model_projection.weight": {48, 32}, "model.per_layer_projection_norm.weight": {8}}),
			[]float64{-0.355119, -0.279213, -2.658038, 0.595809, 0.609151, -1.396403, 1.433059, -0.231024},
			[]float64{0.426198, 2.05943, -1.058234, -0.477259, -2.017321, -0.140406, -0.578368, -0.910586},
			[]int32{2, 6, 43, 18, 47, 28, 2, 19, 22, 21, 26, 30, 38, 30, 7, 16, 40, 12, 12, 1}},
		{"gemma4, keys as values", gemma4Config + `"hidden_size_per_layer_input":0,"attention_k_eq_v":true,"num_global_key_value_heads":1}`,
			gemma4([2]int{2, 1}, 0, false, nil),
			[]float64{-0.349576, -0.663086, 1.029654, 0.975633, -0.597201, 1.200318, 1.338142, -0.031846},
			[]float64{-1.52192, -1.346943, 0.051087, -0.092234, 0.132686, 0.39106, 0.911086, -1.025706},
			[]int32{25, 29, 24, 17, 30, 41, 41, 26, 38, 38, 8, 26, 30, 5, 47, 2, 46, 34, 33, 13}},
		{"gemma4, experts", gemma4Config + `"hidden_size_per_layer_input":0,"attention_k_eq_v":true,"num_global_key_value_heads":1,"enable_moe_block":true,"num_experts":6,"top_k_experts":2,"moe_intermediate_size":24}`,
			gemma4([2]int{2, 1}, 0, false, shapes{
				"router.proj.weight": {6, 32}, "router.scale": {32}, "router.per_expert_scale": {6}, "experts.gate_up_proj": {6, 48, 32}, "experts.down_proj": {6, 32, 24},
				"pre_feedforward_layernorm_2.weight": {32}, "post_feedforward_layernorm_1.weight": {32}, "post_feedforward_layernorm_2.weight": {32},
			}),
			[]float64{0.908987, -0.593417, 1.562285, 1.223299, -1.03388, 1.904967, -0.097418, 0.292645},
			[]float64{0.325398, -0.23918, 0.339287, -0.295216, 0.929519, -0.290604, -0.609325, -0.371701},
			[]int32{25, 3, 32, 14, 9, 14, 8, 26, 5, 23, 23, 45, 3, 23, 45, 30, 5, 47, 3, 40}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.gguf")
			_, err := convert.RunFolder(context.Background(), writeFormula(t, tt.config, tt.tensors), path, convert.FolderOptions{Type: "f32"})
			require.NoError(t, err)
			f, err := gguf.Open(path)
			require.NoError(t, err)
			m := vary(t, f, "")
			f32 := quant.F32
			all := allLogits(t, session(t, m, model.SessionOptions{Threads: 2, CacheK: &f32, CacheV: &f32}), formulaTokens)
			for at, want := range map[int][]float64{9: tt.at9, 19: tt.last} {
				got := all[at*48:]
				for i, w := range want {
					require.InDelta(t, w, got[i], hfTolerance, "logit %d after position %d", i, at)
				}
			}
			for i, want := range tt.argmax {
				require.Equal(t, want, argmax(all[i*48:(i+1)*48]), "position %d", i)
			}
		})
	}
}

// TestGemma4Values checks a layer without a matrix for values.
// Conversion refuses such a layer unless the layer uses its keys as
// values. The converter must leave out matrices that no layer uses.
func TestGemma4Values(t *testing.T) {
	convertTo := func(config string, tensors shapes) (*convert.FolderResult, error) {
		return convert.RunFolder(context.Background(), writeFormula(t, gemma4Config+config, tensors), filepath.Join(t.TempDir(), "x.gguf"), convert.FolderOptions{Type: "f32"})
	}
	_, err := convertTo(`"hidden_size_per_layer_input":0}`, gemma4([2]int{2, 2}, 0, false, nil))
	require.ErrorContains(t, err, `tensor "layers.1.self_attn.v_proj.weight", which becomes "blk.1.attn_v.weight", is missing`)
	tensors := gemma4([2]int{2, 2}, 2, true, nil)
	tensors["model.layers.4.self_attn.k_norm.weight"], tensors["model.layers.5.self_attn.v_proj.weight"] = []int{8}, []int{32, 32}
	res, err := convertTo(`"hidden_size_per_layer_input":0,"num_kv_shared_layers":2,"use_double_wide_mlp":true}`, tensors)
	require.NoError(t, err)
	require.Contains(t, res.Notes, "2 tensors for keys and values are left out, because their layers do not use them")
	res, err = convertTo(`"hidden_size_per_layer_input":0,"attention_k_eq_v":true}`, gemma4([2]int{2, 2}, 0, true, nil))
	require.NoError(t, err)
	require.Contains(t, res.Notes, "3 tensors for keys and values are left out, because their layers do not use them")
}

// TestGateAndUpApart checks that experts give the same bits whether their gate and up matrices
// are two tensors or one.
func TestGateAndUpApart(t *testing.T) {
	for _, named := range testmodel.Catalog() {
		if named.Name != "gemma4-experts" {
			continue
		}
		var all [2][]float32
		for i := range all {
			m := named.Spec.Make()
			for layer := 0; i == 1 && layer < named.Spec.Layers; layer++ {
				p := arch.LayerPrefix(layer)
				whole := m.Tensor(p + "ffn_gate_up_exps.weight")
				n, rows, cols := whole.Shape[0], whole.Shape[1]/2, whole.Shape[2]
				for part, name := range []string{"ffn_gate_exps.weight", "ffn_up_exps.weight"} {
					x := &testmodel.Tensor{Name: p + name, Type: whole.Type, Shape: []int{n, rows, cols}}
					for e := range n {
						x.Data = append(x.Data, whole.Data[(2*e+part)*rows*cols:][:rows*cols]...)
					}
					m.Tensors = append(m.Tensors, x)
				}
				m.Drop(whole.Name)
			}
			all[i] = allLogits(t, session(t, loadPath(t, m.Write(t)), model.SessionOptions{Threads: 2}), []int32{1, 40, 280, 264, 290, 201, 17, 33})
		}
		require.Equal(t, all[0], all[1])
	}
}
