package arch

// Gemma4 is the text part of Gemma 4. Beside what Gemma 3 has, layers with a window have
// heads of their own length, values are normalized, the last layers use keys and values of
// earlier ones, small models give every layer an input of its own for each token, and what
// leaves a layer is scaled.
var Gemma4 = Arch{
	Name:        "gemma4",
	HF:          []string{"Gemma4ForCausalLM", "Gemma4ForConditionalGeneration"},
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
	Output: llamaOutput,
}
