package arch

// Granite is IBM's Granite 3: a LLaMA whose embedding, residual branches, attention scores and
// logits are scaled by factors in the metadata.
var Granite = Arch{
	Name:     "granite",
	HF:       []string{"GraniteForCausalLM"},
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	FFN:      llamaFFN,
	Output:   llamaOutput,
}

// GraniteMoE is Granite 3 with experts. In Hugging Face checkpoints, the experts are stacked, with
// gate and up in one tensor.
var GraniteMoE = Arch{
	Name:     "granitemoe",
	HF:       []string{"GraniteMoeForCausalLM"},
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	MoE: []Tensor{
		{Role: Router, Rows: Experts, Cols: Embd, HF: "block_sparse_moe.router.layer"},
		{
			Role: FFNGate, Name: "ffn_gate_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd,
			Stacked: &Stacked{Name: "block_sparse_moe.input_linear.weight", Rows: FirstHalf},
		},
		{
			Role: FFNUp, Name: "ffn_up_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd,
			Stacked: &Stacked{Name: "block_sparse_moe.input_linear.weight", Rows: LastHalf},
		},
		{
			Role: FFNDown, Name: "ffn_down_exps", Stack: Experts, Rows: Embd, Cols: FFNExpert,
			Stacked: &Stacked{Name: "block_sparse_moe.output_linear.weight"},
		},
	},
	Output: llamaOutput,
}
