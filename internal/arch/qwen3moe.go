package arch

// Qwen3MoE is Qwen 3 with experts in every layer.
var Qwen3MoE = Arch{
	Name:         "qwen3moe",
	HF:           []string{"Qwen3MoeForCausalLM"},
	Rotation:     Halves,
	SharedLength: true,
	Input:        llamaInput,
	Layer:        Qwen3.Layer,
	MoE:          qwenMoE,
	Output:       llamaOutput,
}

// qwenMoE lists the tensors of Qwen's experts and their router.
var qwenMoE = with(llamaMoE,
	Tensor{Role: Router, Rows: Experts, Cols: Embd, HF: "mlp.gate"},
	Tensor{
		Role: FFNGate, Name: "ffn_gate_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd, HF: "mlp.experts.%d.gate_proj",
		Stacked: &Stacked{Name: "mlp.experts.gate_up_proj", Rows: FirstHalf},
	},
	Tensor{
		Role: FFNUp, Name: "ffn_up_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd, HF: "mlp.experts.%d.up_proj",
		Stacked: &Stacked{Name: "mlp.experts.gate_up_proj", Rows: LastHalf},
	},
	Tensor{
		Role: FFNDown, Name: "ffn_down_exps", Stack: Experts, Rows: Embd, Cols: FFNExpert, HF: "mlp.experts.%d.down_proj",
		Stacked: &Stacked{Name: "mlp.experts.down_proj"},
	})
