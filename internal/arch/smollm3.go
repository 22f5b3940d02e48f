package arch

// SmolLM3 is SmolLM 3: every fourth layer has no RoPE.
var SmolLM3 = Arch{
	Name:         "smollm3",
	HF:           []string{"SmolLM3ForCausalLM"},
	Rotation:     Pairs,
	NoRopePeriod: 4,
	Input:        llamaInput,
	Layer:        llamaLayer,
	FFN:          llamaFFN,
	Output:       llamaOutput,
}
