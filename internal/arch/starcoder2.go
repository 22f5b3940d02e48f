package arch

// StarCoder2 is StarCoder 2: LayerNorm, biases everywhere, and a feed-forward network
// without a gate.
var StarCoder2 = Arch{
	Name:       "starcoder2",
	HF:         []string{"Starcoder2ForCausalLM"},
	Rotation:   Halves,
	LayerNorm:  true,
	Activation: GELU,
	Input:      llamaInput,
	Layer: []Tensor{
		{Role: AttnNorm, Cols: Embd, Bias: true, HF: "input_layernorm"},
		{Role: AttnQ, Rows: Q, Cols: Embd, Bias: true, HF: "self_attn.q_proj"},
		{Role: AttnK, Rows: K, Cols: Embd, Bias: true, HF: "self_attn.k_proj"},
		{Role: AttnV, Rows: V, Cols: Embd, Bias: true, HF: "self_attn.v_proj"},
		{Role: AttnOut, Rows: Embd, Cols: Heads, Bias: true, HF: "self_attn.o_proj"},
		{Role: FFNNorm, Cols: Embd, Bias: true, HF: "post_attention_layernorm"},
	},
	FFN: []Tensor{
		{Role: FFNUp, Rows: FFN, Cols: Embd, Bias: true, HF: "mlp.c_fc"},
		{Role: FFNDown, Rows: Embd, Cols: FFN, Bias: true, HF: "mlp.c_proj"},
	},
	Output: with(llamaOutput, Tensor{Role: OutputNorm, Cols: Embd, Bias: true, HF: "norm"}),
}
