package arch

// Mistral3 is Ministral 3: if the metadata say so, queries are scaled by a factor that grows
// with the position. Older Mistral models use Llama.
var Mistral3 = Arch{
	Name:     "mistral3",
	HF:       []string{"Ministral3ForCausalLM", "Mistral3ForConditionalGeneration"},
	Rotation: Pairs,
	Input:    llamaInput,
	Layer:    llamaLayer,
	FFN:      llamaFFN,
	MoE:      llamaMoE,
	Output:   llamaOutput,
}
