package arch

// Gemma is Gemma 1: the embedding is scaled, and the feed-forward network uses GELU. GGUF
// files store the weights of norms. Hugging Face checkpoints store these weights minus 1.
var Gemma = Arch{
	Name:        "gemma",
	HF:          []string{"GemmaForCausalLM"},
	Rotation:    Halves,
	Activation:  GELU,
	ScaledEmbed: true,
	ShortNorms:  true,
	Input:       llamaInput,
	Layer:       llamaLayer,
	FFN:         llamaFFN,
	Output:      llamaOutput,
}

// Gemma2 is Gemma 2: the outputs of attention and of the feed-forward network are also
// normalized. Scores and logits have soft caps. Every other layer has a sliding window.
var Gemma2 = Arch{
	Name:        "gemma2",
	HF:          []string{"Gemma2ForCausalLM"},
	Rotation:    Halves,
	Activation:  GELU,
	ScaledEmbed: true,
	ShortNorms:  true,
	AttnCap:     50,
	LogitCap:    30,
	WideScale:   46, // the layers of the model with 27 billion weights
	Windows:     Windows{Period: 2, Default: 4096},
	Input:       llamaInput,
	Layer:       gemma2Layer,
	FFN:         llamaFFN,
	Output:      llamaOutput,
}

// Gemma3 is the text part of Gemma 3: queries and keys are normalized, and five of six
// layers have a sliding window. Layers with a window have a RoPE base of their own.
var Gemma3 = Arch{
	Name:        "gemma3",
	HF:          []string{"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"},
	Rotation:    Halves,
	Activation:  GELU,
	ScaledEmbed: true,
	ShortNorms:  true,
	WideScale:   62, // the layers of the model with 27 billion weights
	Windows:     Windows{Period: 6, OwnRope: true, RopeBase: 10000},
	Input:       llamaInput,
	Layer: with(gemma2Layer,
		Tensor{Role: AttnQNorm, Cols: Key, HF: "self_attn.q_norm"},
		Tensor{Role: AttnKNorm, Cols: Key, HF: "self_attn.k_norm"}),
	FFN:    llamaFFN,
	Output: llamaOutput,
}

var gemma2Layer = with(llamaLayer,
	Tensor{Role: AttnPostNorm, Cols: Embd, HF: "post_attention_layernorm"},
	Tensor{Role: FFNNorm, Cols: Embd, HF: "pre_feedforward_layernorm"},
	Tensor{Role: FFNPostNorm, Cols: Embd, HF: "post_feedforward_layernorm"})
