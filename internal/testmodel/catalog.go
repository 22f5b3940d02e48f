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

// Catalog returns the models whose answers are recorded in the top-level
// folder testdata. A test checks that the list has every architecture.
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
		{"smollm3", Spec{Arch: &arch.SmolLM3, Seed: 14, BPE: true, Layers: 5, Tied: true}},
		{"olmo2", Spec{Arch: &arch.Olmo2, Seed: 15, BPE: true}},
		{"olmo3", Spec{Arch: &arch.Olmo2, Seed: 16, BPE: true, Layers: 5, Window: 8, More: func(m *Model) {
			m.Set("olmo2.rope.scaling.type", gguf.Str("yarn")).Set("olmo2.rope.scaling.factor", gguf.F32(8))
			m.Set("olmo2.rope.scaling.original_context_length", gguf.U32(32))
		}}},
		{"granite", Spec{Arch: &arch.Granite, Seed: 17, BPE: true, Tied: true, More: graniteScales("granite")}},
		{"granitemoe", Spec{Arch: &arch.GraniteMoE, Seed: 18, BPE: true, Tied: true, More: graniteScales("granitemoe")}},
		{"starcoder2", Spec{Arch: &arch.StarCoder2, Seed: 19, BPE: true, Tied: true}},
		{"lfm2", Spec{Arch: &arch.LFM2, Seed: 20, BPE: true, Layers: 5, Tied: true}},     // the first and the last layer have a convolution
		{"qwen35", Spec{Arch: &arch.Qwen35, Seed: 21, BPE: true, Layers: 5, Turning: 8}}, // the first and the last layer have a delta rule
		{"gpt-oss", Spec{Arch: &arch.GPTOSS, Seed: 23, BPE: true, Layers: 3, Window: 20, More: func(m *Model) {
			m.Set("gpt-oss.rope.scaling.type", gguf.Str("yarn")).Set("gpt-oss.rope.scaling.factor", gguf.F32(8))
			m.Set("gpt-oss.rope.scaling.original_context_length", gguf.U32(32))
		}}},
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
		{"gemma4", Spec{Arch: &arch.Gemma4, Seed: 24, BPE: true, Layers: 8, KeyDim: 64, Tied: true, Window: 20, Inputs: 32, Shared: 2}},
		{"gemma4-plain", Spec{Arch: &arch.Gemma4, Seed: 25, BPE: true, Layers: 6, KeyDim: 64, Tied: true, Window: 20, More: func(m *Model) {
			m.Drop(arch.LayerPrefix(5) + arch.AttnV.Weight()) // the layer uses its keys as values, too
		}}},
		{"gemma4-experts", Spec{Arch: &arch.Gemma4, Seed: 26, BPE: true, Layers: 6, KeyDim: 64, Tied: true, Window: 20, Experts: 4}},
		{"gemma3", Spec{Arch: &arch.Gemma3, Seed: 11, Layers: 6, Tied: true, Window: 20}},
	}
}

// graniteScales returns a function that sets the scales of the Granite architecture with the given
// name.
func graniteScales(name string) func(*Model) {
	return func(m *Model) {
		m.Set(name+".embedding_scale", gguf.F32(12)).Set(name+".attention.scale", gguf.F32(0.15))
		m.Set(name+".residual_scale", gguf.F32(0.22)).Set(name+".logit_scale", gguf.F32(0.7))
	}
}
