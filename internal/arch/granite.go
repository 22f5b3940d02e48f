package arch

// Granite is IBM's Granite 3: a llama whose embedding, branches, scores and logits are
// scaled, as its metadata say.
var Granite = Arch{
	Name:     "granite",
	HF:       []string{"GraniteForCausalLM"},
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	FFN:      llamaFFN,
	Output:   llamaOutput,
}

// GraniteMoE is Granite 3 with experts. In checkpoints of Hugging Face those are stacked,
// gate and up in one tensor, which the table below does not tell.
var GraniteMoE = Arch{
	Name:     "granitemoe",
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	MoE:      llamaMoE,
	Output:   llamaOutput,
}
