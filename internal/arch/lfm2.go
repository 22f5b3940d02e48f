package arch

// LFM2 is Liquid's LFM 2: most layers have a short convolution instead of attention.
var LFM2 = Arch{
	Name:     "lfm2",
	HF:       []string{"Lfm2ForCausalLM", "LFM2ForCausalLM"},
	Rotation: Halves,
	Conv:     true,
	Input:    llamaInput,
	Layer: []Tensor{
		{Role: AttnNorm, Cols: Embd, HF: "operator_norm"},
		{Role: ConvIn, Rows: Embd3, Cols: Embd, In: ConvLayers, HF: "conv.in_proj"},
		{Role: ConvTaps, Rows: Embd, Cols: Taps, In: ConvLayers, HF: "conv.conv"},
		{Role: ConvOut, Rows: Embd, Cols: Embd, In: ConvLayers, HF: "conv.out_proj"},
		{Role: AttnQ, Rows: Q, Cols: Embd, In: AttnLayers, HF: "self_attn.q_proj"},
		{Role: AttnK, Rows: K, Cols: Embd, In: AttnLayers, HF: "self_attn.k_proj"},
		{Role: AttnV, Rows: V, Cols: Embd, In: AttnLayers, HF: "self_attn.v_proj"},
		{Role: AttnQNorm, Cols: Key, In: AttnLayers, HF: "self_attn.q_layernorm"},
		{Role: AttnKNorm, Cols: Key, In: AttnLayers, HF: "self_attn.k_layernorm"},
		{Role: AttnOut, Rows: Embd, Cols: Heads, In: AttnLayers, HF: "self_attn.out_proj"},
		{Role: FFNNorm, Cols: Embd, HF: "ffn_norm"},
	},
	FFN: []Tensor{
		{Role: FFNGate, Rows: FFN, Cols: Embd, HF: "feed_forward.w1"},
		{Role: FFNUp, Rows: FFN, Cols: Embd, HF: "feed_forward.w3"},
		{Role: FFNDown, Rows: Embd, Cols: FFN, HF: "feed_forward.w2"},
	},
	Output: with(llamaOutput, Tensor{Role: OutputNorm, Name: "token_embd_norm", Cols: Embd, HF: "embedding_norm"}),
}
