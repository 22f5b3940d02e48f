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

// GraniteMoE is Granite 3 with experts.
var GraniteMoE = Arch{
	Name:     "granitemoe",
	HF:       []string{"GraniteMoeForCausalLM"},
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	MoE:      llamaMoE,
	Output:   llamaOutput,
}
