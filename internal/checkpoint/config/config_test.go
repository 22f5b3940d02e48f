package config

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
)

// TestRead reads configurations like those of published models, from transformers 4 and 5, and
// checks the keys. Some configurations rely on defaults of their classes, and some have settings
// that the reference converter drops.
func TestRead(t *testing.T) {
	const sizes = `"hidden_size":512,"intermediate_size":1024,"num_hidden_layers":6,"num_attention_heads":8,`
	tests := []struct {
		name, json string
		want       map[string]string
		none       []string
		note       string
	}{
		{"Mistral 7B v0.1, whose window is a default of the class", `{"architectures":["MistralForCausalLM"],"model_type":"mistral",` + sizes + `"rms_norm_eps":1e-05,"max_position_embeddings":32768}`,
			map[string]string{"llama.attention.sliding_window": "4096", "llama.attention.head_count_kv": "8", "llama.rope.freq_base": "10000", "llama.attention.layer_norm_rms_epsilon": "1e-05"}, nil, "that the reference converter drops"},
		{"Mistral v0.3: none", `{"architectures":["MistralForCausalLM"],"model_type":"mistral",` + sizes + `"sliding_window":null,"rope_theta":1000000.0,"head_dim":128}`,
			map[string]string{"llama.rope.freq_base": "1e+06", "llama.attention.key_length": "128", "llama.rope.dimension_count": "128"}, []string{"llama.attention.sliding_window"}, ""},
		{"Llama 3.1", `{"architectures":["LlamaForCausalLM"],` + sizes + `"num_key_value_heads":2,"max_position_embeddings":131072,"rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},"rope_theta":500000.0,"eos_token_id":[128001,128008]}`,
			map[string]string{"llama.rope.freq_base": "500000", "llama.context_length": "131072", "freqs": "32"}, []string{"llama.rope.scaling.type"}, ""},
		{"Qwen 2.5 with YaRN", `{"architectures":["Qwen2ForCausalLM"],` + sizes + `"rope_scaling":{"factor":4.0,"original_max_position_embeddings":32768,"type":"yarn"},"use_sliding_window":false,"sliding_window":131072,"max_window_layers":4}`,
			map[string]string{"qwen2.rope.scaling.type": "yarn", "qwen2.rope.scaling.factor": "4", "qwen2.rope.scaling.original_context_length": "32768"}, []string{"qwen2.attention.sliding_window", "qwen2.rope.scaling.yarn_attn_factor"}, ""},
		{"Qwen 2 whose last layers have a window", `{"architectures":["Qwen2ForCausalLM"],` + sizes + `"use_sliding_window":true,"sliding_window":128,"max_window_layers":4}`,
			map[string]string{"qwen2.attention.sliding_window": "128", "qwen2.attention.sliding_window_pattern": "[false false false false true true]"}, nil, ""},
		{"Qwen 3 MoE of transformers 5", `{"architectures":["Qwen3MoeForCausalLM"],` + sizes + `"num_local_experts":16,"num_experts_per_tok":4,"moe_intermediate_size":96,"norm_topk_prob":false,"rope_parameters":{"rope_theta":1000000.0,"rope_type":"default"}}`,
			map[string]string{"qwen3moe.expert_count": "16", "qwen3moe.expert_feed_forward_length": "96", "qwen3moe.expert_weights_norm": "false", "qwen3moe.rope.freq_base": "1e+06"}, nil, "norm_topk_prob"},
		{"Gemma 3 4B, whose text_config has few keys", `{"architectures":["Gemma3ForConditionalGeneration"],"model_type":"gemma3","text_config":{"hidden_size":2560,"intermediate_size":10240,"model_type":"gemma3_text","num_hidden_layers":34,"rope_scaling":{"factor":8.0,"rope_type":"linear"},"sliding_window":1024},"vision_config":{}}`,
			map[string]string{"gemma3.attention.head_count": "8", "gemma3.attention.head_count_kv": "4", "gemma3.attention.key_length": "256", "gemma3.rope.freq_base": "1e+06", "gemma3.rope.freq_base_swa": "10000", "gemma3.context_length": "131072", "gemma3.rope.scaling.factor": "8"}, []string{"gemma3.attention.scale"}, ""},
		{"Gemma 2 27B's scale", `{"architectures":["Gemma2ForCausalLM"],"hidden_size":4608,"intermediate_size":36864,"num_hidden_layers":46,"num_attention_heads":32,"num_key_value_heads":16,"head_dim":128,"query_pre_attn_scalar":144}`,
			map[string]string{"gemma2.attn_logit_softcapping": "50", "gemma2.final_logit_softcapping": "30"}, []string{"gemma2.attention.scale"}, ""},
		{"another scale", `{"architectures":["Gemma2ForCausalLM"],` + sizes + `"head_dim":128,"query_pre_attn_scalar":64}`,
			map[string]string{"gemma2.attention.scale": "0.125"}, nil, "query_pre_attn_scalar 64"},
		{"Phi 3 mini 4k", `{"architectures":["Phi3ForCausalLM"],` + sizes + `"sliding_window":2047,"rope_scaling":null,"original_max_position_embeddings":4096}`,
			map[string]string{"phi3.attention.sliding_window": "2047", "phi3.rope.scaling.original_context_length": "4096", "phi3.rope.dimension_count": "64"}, []string{"phi3.rope.scaling.attn_factor"}, ""},
		{"Gemma 4 E2B", `{"architectures":["Gemma4ForConditionalGeneration"],"model_type":"gemma4","text_config":{"model_type":"gemma4_text","hidden_size":1536,"intermediate_size":6144,"num_hidden_layers":35,"num_key_value_heads":1,"head_dim":256,"global_head_dim":512,"num_kv_shared_layers":20,"use_double_wide_mlp":true,"use_bidirectional_attention":null,"final_logit_softcapping":30.0,"rope_parameters":null},"vision_config":{}}`,
			map[string]string{"gemma4.attention.key_length": "512", "gemma4.attention.key_length_swa": "256", "gemma4.attention.shared_kv_layers": "20", "gemma4.embedding_length_per_layer_input": "256", "gemma4.attention.head_count_kv": "1",
				"gemma4.feed_forward_length": fmt.Sprint(append(slices.Repeat([]int{6144}, 15), slices.Repeat([]int{12288}, 20)...)), "gemma4.rope.freq_base": "1e+06", "gemma4.attention.sliding_window": "512",
				"gemma4.rope.dimension_count": "512", "gemma4.rope.dimension_count_swa": "256", "gemma4.final_logit_softcapping": "30", "freqs": "256"}, []string{"gemma4.rope.scaling.type"}, ""},
		{"Gemma 4 31B, whose layers without a window use keys as values", `{"architectures":["Gemma4ForConditionalGeneration"],"text_config":{"model_type":"gemma4_text","hidden_size":5376,"intermediate_size":21504,"num_hidden_layers":6,"num_attention_heads":32,"num_key_value_heads":16,"num_global_key_value_heads":4,"attention_k_eq_v":true,"hidden_size_per_layer_input":0,"sliding_window":1024,"use_bidirectional_attention":"vision"}}`,
			map[string]string{"gemma4.attention.head_count_kv": "[16 16 16 16 16 4]", "gemma4.embedding_length_per_layer_input": "0", "gemma4.attention.sliding_window_pattern": "[true true true true true false]", "gemma4.feed_forward_length": "21504", "gemma4.attention.shared_kv_layers": "0"}, nil, ""},
		{"Gemma 4 12B, with a class that has more defaults", `{"architectures":["Gemma4UnifiedForConditionalGeneration"],"text_config":{"model_type":"gemma4_unified_text",` + sizes + `"num_global_key_value_heads":1,"layer_types":["full_attention","sliding_attention","sliding_attention","full_attention","sliding_attention","sliding_attention"]}}`,
			map[string]string{"gemma4.context_length": "262144", "gemma4.attention.sliding_window": "1024", "gemma4.embedding_length_per_layer_input": "0", "gemma4.attention.sliding_window_pattern": "[false true true false true false]", "gemma4.attention.head_count_kv": "4"}, nil, ""},
		{"Granite", `{"architectures":["GraniteForCausalLM"],` + sizes + `"attention_multiplier":0.015625,"embedding_multiplier":12.0,"logits_scaling":8.0,"residual_multiplier":0.22,"head_dim":99}`,
			map[string]string{"granite.attention.scale": "0.015625", "granite.logit_scale": "8", "granite.rope.dimension_count": "64"}, []string{"granite.attention.key_length"}, ""},
		{"LFM 2 with a list of attention", `{"architectures":["Lfm2ForCausalLM"],` + sizes + `"full_attn_idxs":[2,4],"block_ff_dim":1200,"norm_eps":1e-5}`,
			map[string]string{"lfm2.attention.head_count_kv": "[0 0 8 0 8 0]", "lfm2.feed_forward_length": "1024", "lfm2.shortconv.l_cache": "3"}, nil, ""},
		{"YaRN with mscale", `{"architectures":["LlamaForCausalLM"],` + sizes + `"rope_scaling":{"rope_type":"yarn","factor":40,"mscale":0.707,"mscale_all_dim":0.5,"original_max_position_embeddings":4096,"beta_fast":16}}`,
			map[string]string{"llama.rope.scaling.yarn_attn_factor": "1.0644689", "llama.rope.scaling.yarn_beta_fast": "16"}, []string{"llama.rope.scaling.yarn_log_multiplier"}, ""},
		{"dynamic scaling of RoPE", `{"architectures":["LlamaForCausalLM"],` + sizes + `"rope_scaling":{"type":"dynamic","factor":2.0}}`, nil, []string{"llama.rope.scaling.type"}, "longer contexts are not scaled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Read(Parse([]byte(tt.json), "config.json"))
			require.NoError(t, err)
			got := map[string]string{"freqs": fmt.Sprint(len(m.RopeFreqs))}
			for _, kv := range m.KV {
				require.Empty(t, got[kv.Key], "%s is there twice", kv.Key)
				got[kv.Key] = fmt.Sprint(kv.Value.Any())
			}
			for key, value := range tt.want {
				require.Equal(t, value, got[key], key)
			}
			for _, key := range tt.none {
				require.NotContains(t, got, key)
			}
			require.Contains(t, fmt.Sprint(m.Notes), tt.note)
		})
	}
}

// TestGemma4 checks the sizes of layers, and configurations that must be refused.
func TestGemma4(t *testing.T) {
	const start = `{"architectures":["Gemma4ForCausalLM"],"hidden_size":64,"intermediate_size":96,"num_hidden_layers":4,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":16,"hidden_size_per_layer_input":8,` +
		`"layer_types":["sliding_attention","full_attention","sliding_attention","full_attention"],`
	m, err := Read(Parse([]byte(start+`"per_layer_config":{"1":{"head_dim":24,"num_key_value_heads":1},"3":{"head_dim":24,"num_key_value_heads":1}},"num_kv_shared_layers":1,"attention_k_eq_v":true,
		"rope_parameters":{"full_attention":{"rope_type":"proportional","rope_theta":1000000,"partial_rotary_factor":0.5,"factor":2},"sliding_attention":{"rope_type":"default","rope_theta":500}}}`), "config.json"))
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, false, true}, m.KeysAsValues)
	require.Equal(t, []float32{2, 2, 2, 2, 2, 2, 1e30, 1e30, 1e30, 1e30, 1e30, 1e30}, m.RopeFreqs)
	for i, want := range []arch.Sizes{{KeyDim: 16, NumKVHeads: 2}, {KeyDim: 24, NumKVHeads: 1}, {KeyDim: 16, NumKVHeads: 2}, {KeyDim: 24, NumKVHeads: 1, SharedKV: true}} {
		want.ValueDim, want.Dim, want.FFNDim, want.NumHeads, want.RopeDim, want.LayerInput, want.AllInputs = want.KeyDim, 64, 96, 4, 24, 8, 32
		require.Equal(t, want, m.Layers[i], "layer %d", i)
	}
	for more, want := range map[string]string{
		`"num_kv_shared_layers":4`: "num_kv_shared_layers 4",
		`"num_kv_shared_layers":3`: "no layer among the first 1 has keys for layer 1",
		`"sliding_window":0`:       "sliding_window is 0, want 1 to",
		`"per_layer_config":{"1":{"head_dim":24},"3":{"head_dim":16}}`:                                            "layer 1 has heads of 24 elements, other layers of its kind have heads of 16: this is not supported",
		`"per_layer_config":{"1":{"intermediate_size":24}}`:                                                       `per_layer_config of layer 1 has "intermediate_size", which is not supported`,
		`"per_layer_config":{"1":{"head_dim":0}}`:                                                                 "layer 1 has 2 key heads of 0 elements",
		`"rope_parameters":{"full_attention":{"rope_type":"yarn","rope_theta":1}}`:                                `rope scaling "yarn" is not supported in gemma4`,
		`"rope_parameters":{"sliding_attention":{"rope_type":"linear"},"full_attention":{"rope_type":"default"}}`: `rope scaling "linear" of layers with a window`,
		`"use_bidirectional_attention":"all"`:                                                                     "tokens see later tokens",
		`"enable_moe_block":true`:                                                                                 "num_experts is missing",
	} {
		_, err := Read(Parse([]byte(start+more+"}"), "config.json"))
		require.ErrorContains(t, err, want, more)
	}
}

// TestParse reads NaN and Infinity, which are not JSON, but which Python writes.
func TestParse(t *testing.T) {
	o := Parse([]byte(`{"a":NaN,"b":-Infinity,"c":"NaN \" Infinity","d":[1,Infinity],"e":3}`), "x.json")
	require.NoError(t, o.Err())
	require.False(t, o.Has("a"))
	require.False(t, o.Has("b"))
	require.Equal(t, `NaN " Infinity`, o.Text("c"))
	require.Equal(t, 3, o.Int("e", 0))
	o.Floats("d")
	require.ErrorContains(t, o.Err(), "x.json: d is [1 <nil>], want a list of numbers")
}
