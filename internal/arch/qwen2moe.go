package arch

// Qwen2MoE is Qwen 1.5 and 2 with experts. The weights of the chosen experts
// are the router's probabilities, not divided by their sum. Every token also
// uses a shared expert, whose weight comes from a score of its own.
var Qwen2MoE = Arch{
	Name:         "qwen2moe",
	HF:           []string{"Qwen2MoeForCausalLM"},
	Rotation:     Halves,
	SharedLength: true,
	PlainTopK:    true,
	Input:        llamaInput,
	Layer:        Qwen2.Layer,
	MoE: with(qwenMoE,
		Tensor{Role: SharedRouter, Rows: Single, Cols: Embd, HF: "mlp.shared_expert_gate"},
		Tensor{Role: SharedFFNGate, Rows: FFNShared, Cols: Embd, HF: "mlp.shared_expert.gate_proj"},
		Tensor{Role: SharedFFNUp, Rows: FFNShared, Cols: Embd, HF: "mlp.shared_expert.up_proj"},
		Tensor{Role: SharedFFNDown, Rows: Embd, Cols: FFNShared, HF: "mlp.shared_expert.down_proj"}),
	Output: llamaOutput,
}
