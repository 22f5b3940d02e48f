package arch

// Qwen3 is Qwen 3: each head of queries and keys is normalized before RoPE.
var Qwen3 = Arch{
	Name:     "qwen3",
	HF:       []string{"Qwen3ForCausalLM"},
	Rotation: Halves,
	Input:    llamaInput,
	Layer: with(llamaLayer,
		Tensor{Role: AttnQNorm, Cols: Key, HF: "self_attn.q_norm"},
		Tensor{Role: AttnKNorm, Cols: Key, HF: "self_attn.k_norm"}),
	FFN:    llamaFFN,
	Output: llamaOutput,
}
