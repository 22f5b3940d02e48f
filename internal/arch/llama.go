package arch

// Llama is LLaMA 1 to 3, Mistral, Mixtral, and other models whose files were converted to the same
// form. Hugging Face checkpoints of these models rotate Halves. Conversion reorders the rows of the
// query and key matrices, so that GGUF files rotate Pairs.
var Llama = Arch{
	Name:     "llama",
	HF:       []string{"LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM", "LLaMAForCausalLM"},
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	FFN:      llamaFFN,
	MoE:      llamaMoE,
	Output:   llamaOutput,
}

// The tables on which most architectures are based.
var (
	llamaInput = []Tensor{
		{Role: TokenEmbed, Rows: Vocab, Cols: Embd, HF: "embed_tokens", Meta: "tok_embeddings", Cut: CutCols},
		{Role: RopeFreqs, Cols: RopePairs, Optional: true},
		{Role: RopeLong, Cols: RopePairs, Optional: true},
		{Role: RopeShort, Cols: RopePairs, Optional: true},
	}
	llamaLayer = []Tensor{
		{Role: AttnNorm, Cols: Embd, HF: "input_layernorm", Meta: "attention_norm"},
		{Role: AttnQ, Rows: Q, Cols: Embd, HF: "self_attn.q_proj", Meta: "attention.wq", Cut: CutRows},
		{Role: AttnK, Rows: K, Cols: Embd, HF: "self_attn.k_proj", Meta: "attention.wk", Cut: CutRows},
		{Role: AttnV, Rows: V, Cols: Embd, HF: "self_attn.v_proj", Meta: "attention.wv", Cut: CutRows},
		{Role: AttnOut, Rows: Embd, Cols: Heads, HF: "self_attn.o_proj", Meta: "attention.wo", Cut: CutCols},
		{Role: FFNNorm, Cols: Embd, HF: "post_attention_layernorm", Meta: "ffn_norm"},
	}
	llamaFFN = []Tensor{
		{Role: FFNGate, Rows: FFN, Cols: Embd, HF: "mlp.gate_proj", Meta: "feed_forward.w1", Cut: CutRows},
		{Role: FFNUp, Rows: FFN, Cols: Embd, HF: "mlp.up_proj", Meta: "feed_forward.w3", Cut: CutRows},
		{Role: FFNDown, Rows: Embd, Cols: FFN, HF: "mlp.down_proj", Meta: "feed_forward.w2", Cut: CutCols},
	}
	llamaMoE = []Tensor{
		{Role: Router, Rows: Experts, Cols: Embd, HF: "block_sparse_moe.gate"},
		{Role: FFNGate, Name: "ffn_gate_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd, HF: "block_sparse_moe.experts.%d.w1",
			Stacked: &Stacked{Name: "mlp.experts.gate_up_proj", Rows: FirstHalf}},
		{Role: FFNUp, Name: "ffn_up_exps", Stack: Experts, Rows: FFNExpert, Cols: Embd, HF: "block_sparse_moe.experts.%d.w3",
			Stacked: &Stacked{Name: "mlp.experts.gate_up_proj", Rows: LastHalf}},
		{Role: FFNDown, Name: "ffn_down_exps", Stack: Experts, Rows: Embd, Cols: FFNExpert, HF: "block_sparse_moe.experts.%d.w2",
			Stacked: &Stacked{Name: "mlp.experts.down_proj"}},
	}
	llamaOutput = []Tensor{
		{Role: OutputNorm, Cols: Embd, HF: "norm", Meta: "norm"},
		{Role: Output, Rows: Vocab, Cols: Embd, Optional: true, HF: "lm_head", Meta: "output", Cut: CutRows},
	}
)
