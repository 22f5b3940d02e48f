package config

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRead reads configurations in the forms that models are published with, and looks at
// the keys that come of them: of transformers 4 and 5, with what the classes leave to
// defaults, and with what the reference converter drops.
func TestRead(t *testing.T) {
	const sizes = `"hidden_size":512,"intermediate_size":1024,"num_hidden_layers":6,"num_attention_heads":8,`
	tests := []struct {
		name, json string
		want       map[string]string
		none       []string
		note       string
	}{
		{"Mistral 7B v0.1: a window by default of the class", `{"architectures":["MistralForCausalLM"],"model_type":"mistral",` + sizes + `"rms_norm_eps":1e-05,"max_position_embeddings":32768}`,
			map[string]string{"llama.attention.sliding_window": "4096", "llama.attention.head_count_kv": "8", "llama.rope.freq_base": "10000", "llama.attention.layer_norm_rms_epsilon": "1e-05"}, nil, "which the reference drops"},
		{"Mistral v0.3: none", `{"architectures":["MistralForCausalLM"],"model_type":"mistral",` + sizes + `"sliding_window":null,"rope_theta":1000000.0,"head_dim":128}`,
			map[string]string{"llama.rope.freq_base": "1e+06", "llama.attention.key_length": "128", "llama.rope.dimension_count": "128"}, []string{"llama.attention.sliding_window"}, ""},
		{"Llama 3.1", `{"architectures":["LlamaForCausalLM"],` + sizes + `"num_key_value_heads":2,"max_position_embeddings":131072,"rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},"rope_theta":500000.0,"eos_token_id":[128001,128008]}`,
			map[string]string{"llama.rope.freq_base": "500000", "llama.context_length": "131072", "freqs": "32"}, []string{"llama.rope.scaling.type"}, ""},
		{"Qwen 2.5 with YaRN", `{"architectures":["Qwen2ForCausalLM"],` + sizes + `"rope_scaling":{"factor":4.0,"original_max_position_embeddings":32768,"type":"yarn"},"use_sliding_window":false,"sliding_window":131072,"max_window_layers":4}`,
			map[string]string{"qwen2.rope.scaling.type": "yarn", "qwen2.rope.scaling.factor": "4", "qwen2.rope.scaling.original_context_length": "32768"}, []string{"qwen2.attention.sliding_window", "qwen2.rope.scaling.yarn_attn_factor"}, ""},
		{"Qwen 2 whose last layers slide", `{"architectures":["Qwen2ForCausalLM"],` + sizes + `"use_sliding_window":true,"sliding_window":128,"max_window_layers":4}`,
			map[string]string{"qwen2.attention.sliding_window": "128", "qwen2.attention.sliding_window_pattern": "[false false false false true true]"}, nil, ""},
		{"Qwen 3 MoE of transformers 5", `{"architectures":["Qwen3MoeForCausalLM"],` + sizes + `"num_local_experts":16,"num_experts_per_tok":4,"moe_intermediate_size":96,"norm_topk_prob":false,"rope_parameters":{"rope_theta":1000000.0,"rope_type":"default"}}`,
			map[string]string{"qwen3moe.expert_count": "16", "qwen3moe.expert_feed_forward_length": "96", "qwen3moe.expert_weights_norm": "false", "qwen3moe.rope.freq_base": "1e+06"}, nil, "norm_topk_prob"},
		{"Gemma 3 4B, whose text says little", `{"architectures":["Gemma3ForConditionalGeneration"],"model_type":"gemma3","text_config":{"hidden_size":2560,"intermediate_size":10240,"model_type":"gemma3_text","num_hidden_layers":34,"rope_scaling":{"factor":8.0,"rope_type":"linear"},"sliding_window":1024},"vision_config":{}}`,
			map[string]string{"gemma3.attention.head_count": "8", "gemma3.attention.head_count_kv": "4", "gemma3.attention.key_length": "256", "gemma3.rope.freq_base": "1e+06", "gemma3.rope.freq_base_swa": "10000", "gemma3.context_length": "131072", "gemma3.rope.scaling.factor": "8"}, []string{"gemma3.attention.scale"}, ""},
		{"Gemma 2 27B's scale", `{"architectures":["Gemma2ForCausalLM"],"hidden_size":4608,"intermediate_size":36864,"num_hidden_layers":46,"num_attention_heads":32,"num_key_value_heads":16,"head_dim":128,"query_pre_attn_scalar":144}`,
			map[string]string{"gemma2.attn_logit_softcapping": "50", "gemma2.final_logit_softcapping": "30"}, []string{"gemma2.attention.scale"}, ""},
		{"another scale", `{"architectures":["Gemma2ForCausalLM"],` + sizes + `"head_dim":128,"query_pre_attn_scalar":64}`,
			map[string]string{"gemma2.attention.scale": "0.125"}, nil, "query_pre_attn_scalar 64"},
		{"Phi 3 mini 4k", `{"architectures":["Phi3ForCausalLM"],` + sizes + `"sliding_window":2047,"rope_scaling":null,"original_max_position_embeddings":4096}`,
			map[string]string{"phi3.attention.sliding_window": "2047", "phi3.rope.scaling.original_context_length": "4096", "phi3.rope.dimension_count": "64"}, []string{"phi3.rope.scaling.attn_factor"}, ""},
		{"Granite", `{"architectures":["GraniteForCausalLM"],` + sizes + `"attention_multiplier":0.015625,"embedding_multiplier":12.0,"logits_scaling":8.0,"residual_multiplier":0.22,"head_dim":99}`,
			map[string]string{"granite.attention.scale": "0.015625", "granite.logit_scale": "8", "granite.rope.dimension_count": "64"}, []string{"granite.attention.key_length"}, ""},
		{"LFM 2 with a list of attention", `{"architectures":["Lfm2ForCausalLM"],` + sizes + `"full_attn_idxs":[2,4],"block_ff_dim":1200,"norm_eps":1e-5}`,
			map[string]string{"lfm2.attention.head_count_kv": "[0 0 8 0 8 0]", "lfm2.feed_forward_length": "1024", "lfm2.shortconv.l_cache": "3"}, nil, ""},
		{"YaRN with mscale", `{"architectures":["LlamaForCausalLM"],` + sizes + `"rope_scaling":{"rope_type":"yarn","factor":40,"mscale":0.707,"mscale_all_dim":0.5,"original_max_position_embeddings":4096,"beta_fast":16}}`,
			map[string]string{"llama.rope.scaling.yarn_attn_factor": "1.0644689", "llama.rope.scaling.yarn_beta_fast": "16"}, []string{"llama.rope.scaling.yarn_log_multiplier"}, ""},
		{"dynamic", `{"architectures":["LlamaForCausalLM"],` + sizes + `"rope_scaling":{"type":"dynamic","factor":2.0}}`, nil, []string{"llama.rope.scaling.type"}, "longer contexts are not stretched"},
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

// TestParse reads what Python writes and JSON does not have.
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
