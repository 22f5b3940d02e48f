package arch

// Qwen35 is the text part of Qwen 3.5: most layers have a gated delta rule instead of
// attention, and the output of attention is gated.
var Qwen35 = Arch{
	Name:       "qwen35",
	HF:         []string{"Qwen3_5ForCausalLM", "Qwen3_5ForConditionalGeneration"},
	Rotation:   Halves,
	Delta:      true,
	GatedQuery: true,
	ShortNorms: true,
	Input:      llamaInput,
	Layer: []Tensor{
		{Role: AttnNorm, Cols: Embd, HF: "input_layernorm"},
		{Role: DeltaIn, Rows: DeltaChannels, Cols: Embd, In: DeltaLayers, HF: "linear_attn.in_proj_qkv"},
		{Role: DeltaGate, Rows: DeltaInner, Cols: Embd, In: DeltaLayers, HF: "linear_attn.in_proj_z"},
		{Role: DeltaTaps, Rows: DeltaChannels, Cols: Taps, In: DeltaLayers, HF: "linear_attn.conv1d"},
		{Role: DeltaAlpha, Rows: DeltaHeads, Cols: Embd, In: DeltaLayers, HF: "linear_attn.in_proj_a"},
		{Role: DeltaBeta, Rows: DeltaHeads, Cols: Embd, In: DeltaLayers, HF: "linear_attn.in_proj_b"},
		{Role: DeltaA, Cols: DeltaHeads, Bare: true, In: DeltaLayers, HF: "linear_attn.A_log"},
		{Role: DeltaDt, Cols: DeltaHeads, Bare: true, In: DeltaLayers, HF: "linear_attn.dt_bias"},
		{Role: DeltaNorm, Cols: DeltaValue, In: DeltaLayers, HF: "linear_attn.norm"},
		{Role: DeltaOut, Rows: Embd, Cols: DeltaInner, In: DeltaLayers, HF: "linear_attn.out_proj"},
		{Role: AttnQ, Rows: Q2, Cols: Embd, In: AttnLayers, HF: "self_attn.q_proj"},
		{Role: AttnK, Rows: K, Cols: Embd, In: AttnLayers, HF: "self_attn.k_proj"},
		{Role: AttnV, Rows: V, Cols: Embd, In: AttnLayers, HF: "self_attn.v_proj"},
		{Role: AttnQNorm, Cols: Key, In: AttnLayers, HF: "self_attn.q_norm"},
		{Role: AttnKNorm, Cols: Key, In: AttnLayers, HF: "self_attn.k_norm"},
		{Role: AttnOut, Rows: Embd, Cols: Heads, In: AttnLayers, HF: "self_attn.o_proj"},
		{Role: FFNNorm, Name: "post_attention_norm", Cols: Embd, HF: "post_attention_layernorm"},
	},
	FFN:    llamaFFN,
	Output: llamaOutput,
}
