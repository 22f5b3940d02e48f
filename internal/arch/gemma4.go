package arch

// Gemma4 is the text part of Gemma 4. It differs from Gemma 3 in these points:
//
//   - Layers with a sliding window have a head length of their own.
//   - Values are normalized.
//   - The last layers use the keys and values of earlier layers.
//   - In small models, every layer has an additional input for each token.
//   - The output of a layer is scaled.
//
// In models with experts, a layer has experts in addition to the feed-forward network that all
// tokens use. That network has norms of its own before and after it, and so do the experts.
var Gemma4 = Arch{
	Name:        "gemma4",
	HF:          []string{"Gemma4ForCausalLM", "Gemma4ForConditionalGeneration", "Gemma4UnifiedForCausalLM", "Gemma4UnifiedForConditionalGeneration"},
	Rotation:    Halves,
	Activation:  GELU,
	ScaledEmbed: true,
	AttnScale:   1,
	ValueNorm:   true,
	Windows:     Windows{Period: 6, OwnRope: true, RopeBase: 10000, OwnHeads: true},
	Input: with(llamaInput,
		Tensor{Role: TokenInputs, Rows: Vocab, Cols: AllInputs, In: InputLayers, HF: "embed_tokens_per_layer"},
		Tensor{Role: InputProj, Rows: AllInputs, Cols: Embd, In: InputLayers, HF: "per_layer_model_projection"},
		Tensor{Role: InputNorm, Cols: LayerInput, In: InputLayers, HF: "per_layer_projection_norm"}),
	Layer: with(gemma2Layer,
		Tensor{Role: AttnK, Rows: K, Cols: Embd, In: OwnKVLayers, HF: "self_attn.k_proj"},
		Tensor{Role: AttnV, Rows: V, Cols: Embd, In: OwnKVLayers, Optional: true, HF: "self_attn.v_proj"},
		Tensor{Role: AttnQNorm, Cols: Key, HF: "self_attn.q_norm"},
		Tensor{Role: AttnKNorm, Cols: Key, In: OwnKVLayers, HF: "self_attn.k_norm"},
		Tensor{Role: InputGate, Rows: LayerInput, Cols: Embd, In: InputLayers, HF: "per_layer_input_gate"},
		Tensor{Role: InputOut, Rows: Embd, Cols: LayerInput, In: InputLayers, HF: "per_layer_projection"},
		Tensor{Role: InputPostNorm, Cols: Embd, In: InputLayers, HF: "post_per_layer_input_norm"},
		Tensor{Role: LayerScale, Cols: Single, Optional: true, HF: "layer_scalar", BareHF: true}),
	FFN:    llamaFFN,
	MoE:    gemma4MoE,
	Output: llamaOutput,
}

// gemma4MoE lists the tensors of the feed-forward network that all tokens use, of the experts and
// of their router. Some files have an expert's gate and up in one matrix, others in two matrices.
var gemma4MoE = []Tensor{
	{Role: Router, Rows: Experts, Cols: Embd, Unscaled: true, HF: "router.proj"},
	{Role: RouterScale, Cols: Embd, Bare: true, HF: "router.scale", BareHF: true},
	{Role: ExpertsNorm, Cols: Embd, HF: "pre_feedforward_layernorm_2"},
	{
		Role: GateUp, Name: "ffn_gate_up_exps", Stack: Experts, Rows: FFNExpert2, Cols: Embd, Parts: []Part{{FFNGate, FFNExpert}, {FFNUp, FFNExpert}},
		Stacked: &Stacked{Name: "experts.gate_up_proj"},
	},
	{
		Role: FFNDown, Name: "ffn_down_exps", Stack: Experts, Rows: Embd, Cols: FFNExpert, Unscaled: true,
		Stacked: &Stacked{Name: "experts.down_proj"},
	},
	{Role: ExpertsScale, Cols: Experts, Bare: true, HF: "router.per_expert_scale", BareHF: true},
	{Role: ExpertsPostNorm, Cols: Embd, HF: "post_feedforward_layernorm_2"},
	{Role: SharedFFNGate, Name: "ffn_gate", Rows: FFN, Cols: Embd, HF: "mlp.gate_proj"},
	{Role: SharedFFNUp, Name: "ffn_up", Rows: FFN, Cols: Embd, HF: "mlp.up_proj"},
	{Role: SharedFFNDown, Name: "ffn_down", Rows: Embd, Cols: FFN, HF: "mlp.down_proj"},
	{Role: SharedPostNorm, Cols: Embd, HF: "post_feedforward_layernorm_1"},
}
