package arch

// Olmo2 is OLMo 2 and 3. Norms are applied after attention and the feed-forward
// network, not before. Queries and keys are normalized over all heads together.
// OLMo 3 has layers with sliding windows, and does not scale their RoPE.
var Olmo2 = Arch{
	Name:     "olmo2",
	HF:       []string{"Olmo2ForCausalLM", "Olmo3ForCausalLM"},
	Rotation: Halves,
	Windows:  Windows{Period: 4, OwnRope: true},
	Input:    llamaInput,
	Layer: []Tensor{
		{Role: AttnQ, Rows: Q, Cols: Embd, HF: "self_attn.q_proj"},
		{Role: AttnQNorm, Cols: Q, HF: "self_attn.q_norm"},
		{Role: AttnK, Rows: K, Cols: Embd, HF: "self_attn.k_proj"},
		{Role: AttnKNorm, Cols: K, HF: "self_attn.k_norm"},
		{Role: AttnV, Rows: V, Cols: Embd, HF: "self_attn.v_proj"},
		{Role: AttnOut, Rows: Embd, Cols: Heads, HF: "self_attn.o_proj"},
		{Role: AttnPostNorm, Cols: Embd, HF: "post_attention_layernorm"},
		{Role: FFNPostNorm, Cols: Embd, HF: "post_feedforward_layernorm"},
	},
	FFN:    llamaFFN,
	Output: llamaOutput,
}
