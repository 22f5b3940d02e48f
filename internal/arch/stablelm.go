package arch

// StableLM is StableLM 3B and 2: LayerNorm, and a part of a head that turns. Without a
// norm before the feed-forward network that reads what attention reads, beside it.
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
