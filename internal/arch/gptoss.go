package arch

// GPTOSS is OpenAI's gpt-oss. Every head has an attention sink, which takes a share
// of the head's attention. Every other layer has a sliding window. All layers have
// experts, with biases and a clamped gate. A Hugging Face checkpoint has the experts
// of a layer in two tensors. In one of the two, rows of gate and up alternate. The
// names of these tensors and of the tensor with the sinks have no ".weight".
var GPTOSS = Arch{
	Name:       "gpt-oss",
	HF:         []string{"GptOssForCausalLM"},
	Rotation:   Halves,
	Activation: ClampedSwiGLU,
	Windows:    Windows{Period: 2, Default: 128},
	ExactYaRN:  true,
	Input:      llamaInput,
	Layer: with(llamaLayer,
		Tensor{Role: AttnQ, Rows: Q, Cols: Embd, Bias: true, HF: "self_attn.q_proj"},
		Tensor{Role: AttnK, Rows: K, Cols: Embd, Bias: true, HF: "self_attn.k_proj"},
		Tensor{Role: AttnV, Rows: V, Cols: Embd, Bias: true, HF: "self_attn.v_proj"},
		Tensor{Role: AttnOut, Rows: Embd, Cols: Heads, Bias: true, HF: "self_attn.o_proj"},
		Tensor{Role: AttnSinks, Cols: QueryHeads, HF: "self_attn.sinks", BareHF: true},
		Tensor{Role: FFNNorm, Name: "post_attention_norm", Cols: Embd, HF: "post_attention_layernorm"}),
	MoE: []Tensor{
		{Role: Router, Rows: Experts, Cols: Embd, Bias: true, HF: "mlp.router"},
		{
			Role: FFNGate, Name: "ffn_gate_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd, Bias: true,
			Stacked: &Stacked{Name: "mlp.experts.gate_up_proj", Bias: "mlp.experts.gate_up_proj_bias", Rows: EvenRows, Transposed: true},
		},
		{
			Role: FFNUp, Name: "ffn_up_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd, Bias: true,
			Stacked: &Stacked{Name: "mlp.experts.gate_up_proj", Bias: "mlp.experts.gate_up_proj_bias", Rows: OddRows, Transposed: true},
		},
		{
			Role: FFNDown, Name: "ffn_down_exps", Stack: Experts, Rows: Embd, Cols: FFNExpert, Bias: true,
			Stacked: &Stacked{Name: "mlp.experts.down_proj", Bias: "mlp.experts.down_proj_bias", Transposed: true},
		},
	},
	Output: llamaOutput,
}
