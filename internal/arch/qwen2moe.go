package arch

// Qwen2MoE is Qwen 1.5 and 2 with experts: the weights of those that a token uses are
// the router's own probabilities, and one more is used by every token, as far as a
// score of its own says.
var Qwen2MoE = Arch{
	Name:      "qwen2moe",
	HF:        []string{"Qwen2MoeForCausalLM"},
	Rotation:  Halves,
	PlainTopK: true,
	Input:     llamaInput,
	Layer:     Qwen2.Layer,
	MoE: with(qwenMoE,
		Tensor{Role: SharedRouter, Rows: Single, Cols: Embd, HF: "mlp.shared_expert_gate"},
		Tensor{Role: SharedFFNGate, Rows: FFNShared, Cols: Embd, HF: "mlp.shared_expert.gate_proj"},
		Tensor{Role: SharedFFNUp, Rows: FFNShared, Cols: Embd, HF: "mlp.shared_expert.up_proj"},
		Tensor{Role: SharedFFNDown, Rows: Embd, Cols: FFNShared, HF: "mlp.shared_expert.down_proj"}),
	Output: llamaOutput,
}
