package arch

// Qwen2 is Qwen 2 and 2.5: queries, keys and values have biases.
var Qwen2 = Arch{
	Name:     "qwen2",
	HF:       []string{"Qwen2ForCausalLM"},
	Rotation: Halves,
	Input:    llamaInput,
	Layer: with(llamaLayer,
		Tensor{Role: AttnQ, Rows: Q, Cols: Embd, Bias: true, HF: "self_attn.q_proj"},
		Tensor{Role: AttnK, Rows: K, Cols: Embd, Bias: true, HF: "self_attn.k_proj"},
		Tensor{Role: AttnV, Rows: V, Cols: Embd, Bias: true, HF: "self_attn.v_proj"}),
	FFN:    llamaFFN,
	Output: llamaOutput,
}
