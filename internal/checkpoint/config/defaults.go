package config

import "alpaca/internal/arch"

// defaults returns the default values that a model's class has in transformers 5.24 for keys
// that config.json lacks. The defaults do not include sizes that every config.json has.
func defaults(a *arch.Arch, modelType string) Object {
	text, ok := classDefaults[modelType]
	if !ok {
		text = classDefaults[typeOf[a]]
	}
	return Parse([]byte(text), "defaults")
}

// typeOf is the model_type of an architecture, for a config.json that lacks this key.
var typeOf = map[*arch.Arch]string{
	&arch.Llama: "llama", &arch.Qwen2: "qwen2", &arch.Qwen2MoE: "qwen2_moe", &arch.Qwen3: "qwen3", &arch.Qwen3MoE: "qwen3_moe",
	&arch.Gemma: "gemma", &arch.Gemma2: "gemma2", &arch.Gemma3: "gemma3_text", &arch.Phi3: "phi3", &arch.SmolLM3: "smollm3",
	&arch.Olmo2: "olmo2", &arch.Granite: "granite", &arch.GraniteMoE: "granitemoe", &arch.Mistral3: "ministral3",
	&arch.StarCoder2: "starcoder2", &arch.StableLM: "stablelm", &arch.LFM2: "lfm2", &arch.Qwen35: "qwen3_5_text", &arch.GPTOSS: "gpt_oss",
	&arch.Gemma4: "gemma4_text",
}

// classDefaults maps a model_type to the defaults of its class.
// A text model inside another model has its own model_type.
var classDefaults = map[string]string{
	"llama":               `{"max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000}`,
	"mistral":             `{"num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "rope_theta": 10000, "sliding_window": 4096}`,
	"mixtral":             `{"num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 1000000, "num_local_experts": 8, "num_experts_per_tok": 2}`,
	"ministral3":          `{"num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 262144, "rms_norm_eps": 1e-5, "rope_theta": 1000000}`,
	"qwen2":               `{"num_key_value_heads": 32, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000, "max_window_layers": 28}`,
	"qwen2_moe":           `{"num_key_value_heads": 16, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000, "max_window_layers": 28, "num_experts": 60, "num_experts_per_tok": 4, "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632}`,
	"qwen3":               `{"num_key_value_heads": 32, "head_dim": 128, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000, "max_window_layers": 28}`,
	"qwen3_moe":           `{"num_key_value_heads": 4, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000, "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768, "norm_topk_prob": false}`,
	"gemma":               `{"num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 256, "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000, "vocab_size": 256000}`,
	"gemma2":              `{"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 8192, "rms_norm_eps": 1e-6, "rope_theta": 10000, "sliding_window": 4096, "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50, "final_logit_softcapping": 30, "vocab_size": 256000}`,
	"gemma3_text":         `{"hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-6, "rope_theta": 1000000, "rope_local_base_freq": 10000, "sliding_window": 4096, "query_pre_attn_scalar": 256}`,
	"gemma4_text":         `{"max_position_embeddings": 131072, "sliding_window": 512, "hidden_size_per_layer_input": 256, ` + gemma4Defaults,
	"gemma4_unified_text": `{"max_position_embeddings": 262144, "sliding_window": 1024, ` + gemma4Defaults,
	"phi3":                `{"max_position_embeddings": 4096, "original_max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 10000}`,
	"smollm3":             `{"num_attention_heads": 16, "num_key_value_heads": 4, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 2000000}`,
	"olmo2":               `{"max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000}`,
	"olmo3":               `{"max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 500000, "sliding_window": 4096}`,
	"granite":             `{"max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000, "attention_multiplier": 1, "logits_scaling": 1}`,
	"granitemoe":          `{"max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000, "num_local_experts": 8, "num_experts_per_tok": 2, "attention_multiplier": 1, "logits_scaling": 1}`,
	"starcoder2":          `{"num_attention_heads": 24, "num_key_value_heads": 2, "max_position_embeddings": 4096, "norm_epsilon": 1e-5, "rope_theta": 10000}`,
	"stablelm":            `{"max_position_embeddings": 4096, "layer_norm_eps": 1e-5, "rope_theta": 10000, "partial_rotary_factor": 0.25}`,
	"lfm2":                `{"num_key_value_heads": 8, "max_position_embeddings": 128000, "norm_eps": 1e-5, "rope_theta": 1000000, "conv_L_cache": 3, "block_multiple_of": 256, "block_ffn_dim_multiplier": 1, "block_auto_adjust_ff_dim": true}`,
	"qwen3_5_text":        `{"num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 10000, "partial_rotary_factor": 0.25, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_value_head_dim": 128}`,
	"gpt_oss": `{"num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 150000, "sliding_window": 128, "num_local_experts": 128, "num_experts_per_tok": 4,
		"rope_parameters": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": false, "original_max_position_embeddings": 4096}}`,
}

// gemma4Defaults are the defaults that Gemma 4's classes have in common.
const gemma4Defaults = `"hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 30, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "rms_norm_eps": 1e-6,
	"rope_parameters": {"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1000000}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000}}}`
