package arch

// Phi3 is Phi 3, 3.5 and 4: queries, keys and values are in one matrix, gate and up in another.
// RoPE may apply to a part of each head, with frequencies that depend on the length of the
// context (longrope).
var Phi3 = Arch{
	Name:     "phi3",
	HF:       []string{"Phi3ForCausalLM"},
	Rotation: Halves,
	Input:    llamaInput,
	Layer: []Tensor{
		{Role: AttnNorm, Cols: Embd, HF: "input_layernorm"},
		{
			Role: AttnQKV, Rows: QKV, Cols: Embd, HF: "self_attn.qkv_proj",
			Parts: []Part{{AttnQ, Q}, {AttnK, K}, {AttnV, V}},
		},
		{Role: AttnOut, Rows: Embd, Cols: Heads, HF: "self_attn.o_proj"},
		{Role: FFNNorm, Cols: Embd, HF: "post_attention_layernorm"},
	},
	FFN: []Tensor{
		{
			Role: GateUp, Name: "ffn_up", Rows: FFN2, Cols: Embd, HF: "mlp.gate_up_proj",
			Parts: []Part{{FFNGate, FFN}, {FFNUp, FFN}},
		},
		{Role: FFNDown, Rows: Embd, Cols: FFN, HF: "mlp.down_proj"},
	},
	Output: llamaOutput,
}
