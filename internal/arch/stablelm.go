package arch

// StableLM is StableLM 3B and 2: LayerNorm, and RoPE for a part of each head. A feed-forward
// network without a norm before it runs in parallel with attention, on the same input. In StableLM
// 2 12B, each head of queries and keys has a LayerNorm of its own, without a bias.
var StableLM = Arch{
	Name:      "stablelm",
	HF:        []string{"StableLmForCausalLM", "StableLMEpochForCausalLM"},
	Rotation:  Halves,
	LayerNorm: true,
	Input:     llamaInput,
	Layer: with(llamaLayer,
		Tensor{Role: AttnNorm, Cols: Embd, Bias: true, HF: "input_layernorm"},
		Tensor{Role: AttnQNorm, Rows: QueryHeads, Cols: Key, Optional: true, HF: "self_attn.q_layernorm.norms.%d"},
		Tensor{Role: AttnKNorm, Rows: KVHeads, Cols: Key, Optional: true, HF: "self_attn.k_layernorm.norms.%d"},
		Tensor{Role: FFNNorm, Cols: Embd, Bias: true, Optional: true, HF: "post_attention_layernorm"}),
	FFN:    llamaFFN,
	Output: with(llamaOutput, Tensor{Role: OutputNorm, Cols: Embd, Bias: true, HF: "norm"}),
}
