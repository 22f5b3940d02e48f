package testmodel

import "alpaca/internal/arch"

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
		{"qwen3-varied", Spec{Arch: &arch.Qwen3, Seed: 7, BPE: true, Tied: true, Vary: true}},
		{"llama-window", Spec{Arch: &arch.Llama, Seed: 8, Window: 20}},
		{"gemma", Spec{Arch: &arch.Gemma, Seed: 9, KeyDim: 64, Tied: true}},
		{"gemma2", Spec{Arch: &arch.Gemma2, Seed: 10, KeyDim: 64, Tied: true, Window: 20}},
		{"gemma3", Spec{Arch: &arch.Gemma3, Seed: 11, Layers: 6, Tied: true, Window: 20}},
	}
}
