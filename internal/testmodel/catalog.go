package testmodel

import (
	"alpaca/internal/arch"
	"alpaca/internal/gguf"
)

// Named is a model of the top-level folder testdata.
type Named struct {
	Name string
	Spec Spec
}

// Catalog returns the models of the top-level folder testdata, whose answers that
// records. Every architecture is there; a test says so.
func Catalog() []Named {
	return []Named{
		{"llama", Spec{Arch: &arch.Llama, Seed: 1}},
		{"llama-bpe", Spec{Arch: &arch.Llama, Seed: 2, BPE: true}},
		{"llama-experts", Spec{Arch: &arch.Llama, Seed: 3, Experts: 4}},
		{"llama-varied", Spec{Arch: &arch.Llama, Seed: 4, Vary: true}},
		{"qwen2", Spec{Arch: &arch.Qwen2, Seed: 5, BPE: true}},
		{"qwen3", Spec{Arch: &arch.Qwen3, Seed: 6, BPE: true, KeyDim: 64, Tied: true}},
		{"qwen2moe", Spec{Arch: &arch.Qwen2MoE, Seed: 8, BPE: true}},
		{"qwen3moe", Spec{Arch: &arch.Qwen3MoE, Seed: 9, BPE: true, KeyDim: 64}},
		{"phi3", Spec{Arch: &arch.Phi3, Seed: 10, Turning: 24}},
		{"mistral3", Spec{Arch: &arch.Mistral3, Seed: 11, BPE: true, More: func(m *Model) {
			m.Set("mistral3.rope.scaling.type", gguf.Str("yarn")).Set("mistral3.rope.scaling.factor", gguf.F32(8))
			m.Set("mistral3.rope.scaling.original_context_length", gguf.U32(16)).Set("mistral3.rope.scaling.yarn_log_multiplier", gguf.F32(1))
			m.Set("mistral3.attention.temperature_scale", gguf.F32(0.1))
		}}},
		{"stablelm", Spec{Arch: &arch.StableLM, Seed: 12, BPE: true, Turning: 8}},
		{"stablelm-parallel", Spec{Arch: &arch.StableLM, Seed: 13, BPE: true, Turning: 8, More: func(m *Model) {
			for i := range Layers {
				for _, end := range []string{".weight", ".bias"} {
					m.Drop(arch.LayerPrefix(i) + string(arch.FFNNorm) + end)
				}
			}
		}}},
		{"qwen3-varied", Spec{Arch: &arch.Qwen3, Seed: 7, BPE: true, Tied: true, Vary: true}},
		{"llama-window", Spec{Arch: &arch.Llama, Seed: 8, Window: 20}},
		{"gemma", Spec{Arch: &arch.Gemma, Seed: 9, KeyDim: 64, Tied: true}},
		{"gemma2", Spec{Arch: &arch.Gemma2, Seed: 10, KeyDim: 64, Tied: true, Window: 20}},
		{"gemma3", Spec{Arch: &arch.Gemma3, Seed: 11, Layers: 6, Tied: true, Window: 20}},
	}
}
