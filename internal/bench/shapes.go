package bench

import (
	"cmp"

	"alpaca/internal/arch"
)

// shape is the size of a published model.
type shape struct {
	arch                          *arch.Arch
	name                          string
	dim, ffn, layers, heads, kvHs int
	head                          int // elements of a head; 0: dim/heads
	vocab                         int
	tied                          bool // the output is the token embedding
	turning                       int  // elements of a head that turn; 0: all
	window                        int  // of the layers that have one; 0: none
	moe
	inputs, noKeys int // elements of the layers' own inputs; the last layers, that have no keys of their own
}

// moe is the experts of a model; zero: none.
type moe struct{ experts, used, ffn, shared int }

// shapes are those that Synthetic knows: LLaMA 1 and 2, TinyLlama, OpenLLaMA and the
// layers of Llama 3, Mixtral; Qwen 1.5 to 3; Gemma 1 to 4; Phi 3 and 4; SmolLM 3;
// OLMo 2 and 3; Granite 3; StarCoder 2; LFM 2; Qwen 3.5; Ministral 3; StableLM.
var shapes = []shape{
	{&arch.Llama, "160M", 768, 3072, 12, 12, 12, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "1B", 2048, 5632, 22, 32, 4, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "3B", 3072, 8192, 28, 24, 8, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "7B", 4096, 11008, 32, 32, 32, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "8B", 4096, 14336, 32, 32, 8, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "13B", 5120, 13824, 40, 40, 40, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "30B", 6656, 17920, 60, 52, 52, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "65B", 8192, 22016, 80, 64, 64, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "70B", 8192, 28672, 80, 64, 8, 0, 32000, false, 0, 0, moe{}, 0, 0},
	{&arch.Llama, "mixtral-8x7B", 4096, 14336, 32, 32, 8, 0, 32000, false, 0, 0, moe{8, 2, 14336, 0}, 0, 0},
	{&arch.Llama, "mixtral-8x22B", 6144, 16384, 56, 48, 8, 0, 32768, false, 0, 0, moe{8, 2, 16384, 0}, 0, 0},
	{&arch.Qwen2, "qwen2-0.5B", 896, 4864, 24, 14, 2, 0, 151936, true, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2, "qwen2-1.5B", 1536, 8960, 28, 12, 2, 0, 151936, true, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2, "qwen2-3B", 2048, 11008, 36, 16, 2, 0, 151936, true, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2, "qwen2-7B", 3584, 18944, 28, 28, 4, 0, 152064, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2, "qwen2-14B", 5120, 13824, 48, 40, 8, 0, 152064, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2, "qwen2-32B", 5120, 27648, 64, 40, 8, 0, 152064, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2, "qwen2-72B", 8192, 29568, 80, 64, 8, 0, 152064, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen3, "qwen3-0.6B", 1024, 3072, 28, 16, 8, 128, 151936, true, 0, 0, moe{}, 0, 0},
	{&arch.Qwen3, "qwen3-1.7B", 2048, 6144, 28, 16, 8, 128, 151936, true, 0, 0, moe{}, 0, 0},
	{&arch.Qwen3, "qwen3-4B", 2560, 9728, 36, 32, 8, 128, 151936, true, 0, 0, moe{}, 0, 0},
	{&arch.Qwen3, "qwen3-8B", 4096, 12288, 36, 32, 8, 128, 151936, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen3, "qwen3-14B", 5120, 17408, 40, 40, 8, 128, 151936, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen3, "qwen3-32B", 5120, 25600, 64, 64, 8, 128, 151936, false, 0, 0, moe{}, 0, 0},
	{&arch.Qwen2MoE, "qwen1.5-MoE-A2.7B", 2048, 5632, 24, 16, 16, 0, 151936, false, 0, 0, moe{60, 4, 1408, 5632}, 0, 0},
	{&arch.Qwen2MoE, "qwen2-57B-A14B", 3584, 18944, 28, 28, 4, 0, 151936, false, 0, 0, moe{64, 8, 2560, 20480}, 0, 0},
	{&arch.Qwen3MoE, "qwen3-30B-A3B", 2048, 6144, 48, 32, 4, 128, 151936, false, 0, 0, moe{128, 8, 768, 0}, 0, 0},
	{&arch.Qwen3MoE, "qwen3-235B-A22B", 4096, 12288, 94, 64, 4, 128, 151936, false, 0, 0, moe{128, 8, 1536, 0}, 0, 0},
	{&arch.Gemma, "gemma-2B", 2048, 16384, 18, 8, 1, 256, 256000, true, 0, 0, moe{}, 0, 0},
	{&arch.Gemma, "gemma-7B", 3072, 24576, 28, 16, 16, 256, 256000, true, 0, 0, moe{}, 0, 0},
	{&arch.Gemma2, "gemma2-2B", 2304, 9216, 26, 8, 4, 256, 256000, true, 0, 4096, moe{}, 0, 0},
	{&arch.Gemma2, "gemma2-9B", 3584, 14336, 42, 16, 8, 256, 256000, true, 0, 4096, moe{}, 0, 0},
	{&arch.Gemma2, "gemma2-27B", 4608, 36864, 46, 32, 16, 128, 256000, true, 0, 4096, moe{}, 0, 0},
	{&arch.Gemma3, "gemma3-270M", 640, 2048, 18, 4, 1, 256, 262144, true, 0, 512, moe{}, 0, 0},
	{&arch.Gemma3, "gemma3-1B", 1152, 6912, 26, 4, 1, 256, 262144, true, 0, 512, moe{}, 0, 0},
	{&arch.Gemma3, "gemma3-4B", 2560, 10240, 34, 8, 4, 256, 262144, true, 0, 1024, moe{}, 0, 0},
	{&arch.Gemma3, "gemma3-12B", 3840, 15360, 48, 16, 8, 256, 262144, true, 0, 1024, moe{}, 0, 0},
	{&arch.Gemma3, "gemma3-27B", 5376, 21504, 62, 32, 16, 128, 262144, true, 0, 1024, moe{}, 0, 0},
	{arch: &arch.Gemma4, name: "gemma4-E4B", dim: 2560, ffn: 10240, layers: 42, heads: 8, kvHs: 2, head: 512, vocab: 262144, tied: true, window: 512, inputs: 256, noKeys: 18},
	{&arch.Phi3, "phi3-mini", 3072, 8192, 32, 32, 32, 0, 32064, false, 0, 0, moe{}, 0, 0},
	{&arch.Phi3, "phi3-medium", 5120, 17920, 40, 40, 10, 0, 32064, false, 0, 0, moe{}, 0, 0},
	{&arch.Phi3, "phi4-mini", 3072, 8192, 32, 24, 8, 0, 200064, true, 96, 0, moe{}, 0, 0},
	{&arch.Phi3, "phi4", 5120, 17920, 40, 40, 10, 0, 100352, false, 0, 0, moe{}, 0, 0},
	{&arch.SmolLM3, "smollm3-3B", 2048, 11008, 36, 16, 4, 0, 128256, true, 0, 0, moe{}, 0, 0},
	{&arch.Olmo2, "olmo2-1B", 2048, 8192, 16, 16, 16, 0, 100352, false, 0, 0, moe{}, 0, 0},
	{&arch.Olmo2, "olmo2-7B", 4096, 11008, 32, 32, 32, 0, 100352, false, 0, 0, moe{}, 0, 0},
	{&arch.Olmo2, "olmo2-13B", 5120, 13824, 40, 40, 40, 0, 100352, false, 0, 0, moe{}, 0, 0},
	{&arch.Olmo2, "olmo3-7B", 4096, 11008, 32, 32, 32, 0, 100278, false, 0, 4096, moe{}, 0, 0},
	{&arch.Granite, "granite-2B", 2048, 8192, 40, 32, 8, 0, 49155, true, 0, 0, moe{}, 0, 0},
	{&arch.Granite, "granite-8B", 4096, 12800, 40, 32, 8, 0, 49155, true, 0, 0, moe{}, 0, 0},
	{&arch.GraniteMoE, "granite-1B-A400M", 1024, 512, 24, 16, 8, 0, 49155, true, 0, 0, moe{32, 8, 512, 0}, 0, 0},
	{&arch.GraniteMoE, "granite-3B-A800M", 1536, 512, 32, 24, 8, 0, 49155, true, 0, 0, moe{40, 8, 512, 0}, 0, 0},
	{&arch.StarCoder2, "starcoder2-3B", 3072, 12288, 30, 24, 2, 0, 49152, true, 0, 0, moe{}, 0, 0},
	{&arch.StarCoder2, "starcoder2-7B", 4608, 18432, 32, 36, 4, 0, 49152, false, 0, 0, moe{}, 0, 0},
	{&arch.StarCoder2, "starcoder2-15B", 6144, 24576, 40, 48, 4, 0, 49152, false, 0, 0, moe{}, 0, 0},
	{&arch.LFM2, "lfm2-350M", 1024, 4608, 16, 16, 8, 0, 65536, true, 0, 0, moe{}, 0, 0},
	{&arch.LFM2, "lfm2-700M", 1536, 6912, 16, 24, 8, 0, 65536, true, 0, 0, moe{}, 0, 0},
	{&arch.LFM2, "lfm2-1.2B", 2048, 8192, 16, 32, 8, 0, 65536, true, 0, 0, moe{}, 0, 0},
	{&arch.LFM2, "lfm2-2.6B", 2048, 10752, 30, 32, 8, 0, 65536, true, 0, 0, moe{}, 0, 0},
	{&arch.GPTOSS, "gpt-oss-20B", 2880, 2880, 24, 64, 8, 64, 201088, false, 0, 128, moe{32, 4, 2880, 0}, 0, 0},
	{&arch.GPTOSS, "gpt-oss-120B", 2880, 2880, 36, 64, 8, 64, 201088, false, 0, 128, moe{128, 4, 2880, 0}, 0, 0},
	{&arch.Qwen35, "qwen3.5-0.8B", 1024, 3584, 24, 8, 2, 256, 248320, true, 64, 0, moe{}, 0, 0},
	{&arch.Qwen35, "qwen3.5-2B", 2048, 6144, 24, 8, 2, 256, 248320, true, 64, 0, moe{}, 0, 0},
	{&arch.Qwen35, "qwen3.5-4B", 2560, 9216, 32, 16, 4, 256, 248320, true, 64, 0, moe{}, 0, 0},
	{&arch.Qwen35, "qwen3.5-9B", 4096, 12288, 32, 16, 4, 256, 248320, false, 64, 0, moe{}, 0, 0},
	{&arch.Mistral3, "ministral3-3B", 3072, 9216, 26, 32, 8, 128, 131072, true, 0, 0, moe{}, 0, 0},
	{&arch.Mistral3, "ministral3-8B", 4096, 14336, 34, 32, 8, 128, 131072, false, 0, 0, moe{}, 0, 0},
	{&arch.Mistral3, "ministral3-14B", 5120, 16384, 40, 32, 8, 128, 131072, false, 0, 0, moe{}, 0, 0},
	{&arch.StableLM, "stablelm-3B", 2560, 6912, 32, 32, 32, 0, 50304, false, 20, 0, moe{}, 0, 0},
	{&arch.StableLM, "stablelm2-1.6B", 2048, 5632, 24, 32, 32, 0, 100352, false, 16, 0, moe{}, 0, 0},
}

// taps returns how many positions the convolution of a layer goes over, 0 for a layer with
// attention: every third of LFM 2, every fourth of Qwen 3.5.
func (s *shape) taps(layer int) int {
	switch {
	case s.arch.Conv && layer%3 != 2:
		return 3
	case s.arch.Delta && layer%4 != 3:
		return 4
	}
	return 0
}

// delta adds the sizes of a gated delta rule, with key heads of 128 elements.
func (s *shape) delta(sizes *arch.Sizes) {
	if s.arch.Delta {
		heads := max(16, s.dim/128)
		sizes.SSMState, sizes.SSMGroups, sizes.SSMHeads, sizes.SSMInner = 128, 16, heads, 128*heads
	}
}

// hparams returns the numbers of a model of that size.
func (s *shape) hparams() arch.Hparams {
	head := s.head
	if head == 0 {
		head = s.dim / s.heads
	}
	h := arch.Hparams{
		Sizes: arch.Sizes{
			VocabSize: s.vocab, Dim: s.dim, FFNDim: s.ffn, NumHeads: s.heads, NumKVHeads: s.kvHs,
			KeyDim: head, ValueDim: head, RopeDim: cmp.Or(s.turning, head),
			LayerInput: s.inputs, AllInputs: s.inputs * s.layers, NumExperts: s.experts, ExpertFFN: s.moe.ffn, SharedFFN: s.shared, Taps: s.taps(0),
		},
		Context: max(4096, 32*s.window), Layers: s.layers, Window: s.window, Used: s.used, NormEps: 1e-5, Shared: s.noKeys, LocalDim: head / 2,
	}
	s.delta(&h.Sizes)
	return h
}
