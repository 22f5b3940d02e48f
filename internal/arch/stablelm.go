package arch

// StableLM is StableLM 3B and 2: LayerNorm, and RoPE for a part of each head. If there is no
// norm before the feed-forward network, it runs in parallel with attention, on the same input.
var StableLM = Arch{
	Name:      "stablelm",
	HF:        []string{"StableLmForCausalLM", "StableLMEpochForCausalLM"},
	Rotation:  Halves,
	LayerNorm: true,
	Input:     llamaInput,
	Layer: with(llamaLayer,
		Tensor{Role: AttnNorm, Cols: Embd, Bias: true, HF: "input_layernorm"},
		Tensor{Role: FFNNorm, Cols: Embd, Bias: true, Optional: true, HF: "post_attention_layernorm"}),
	FFN:    llamaFFN,
	Output: with(llamaOutput, Tensor{Role: OutputNorm, Cols: Embd, Bias: true, HF: "norm"}),
}
