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
	tied                          bool // the token embedding is also the output matrix
	turning                       int  // elements of a head that RoPE rotates; 0: all
	window                        int  // tokens in the sliding window of the layers that have one; 0: no windows
	moe
	inputs, noKeys int // elements of the extra input of each layer (Gemma 4), and how many layers at the end use the keys of earlier layers
}

// moe has the sizes of a model's experts. It is zero for models without experts.
type moe struct{ experts, used, ffn, shared int }

// shapes are the models that Synthetic can make: LLaMA 1 and 2, TinyLlama, OpenLLaMA, Llama 3
// with a smaller vocabulary, Mixtral; Qwen 1.5 to 3; Gemma 1 to 4; Phi 3 and 4; SmolLM 3;
// OLMo 2 and 3; Granite 3; StarCoder 2; LFM 2; GPT-OSS; Qwen 3.5; Ministral 3; StableLM.
var shapes = []shape{
	{arch: &arch.Llama, name: "160M", dim: 768, ffn: 3072, layers: 12, heads: 12, kvHs: 12, vocab: 32000},
	{arch: &arch.Llama, name: "1B", dim: 2048, ffn: 5632, layers: 22, heads: 32, kvHs: 4, vocab: 32000},
	{arch: &arch.Llama, name: "3B", dim: 3072, ffn: 8192, layers: 28, heads: 24, kvHs: 8, vocab: 32000},
	{arch: &arch.Llama, name: "7B", dim: 4096, ffn: 11008, layers: 32, heads: 32, kvHs: 32, vocab: 32000},
	{arch: &arch.Llama, name: "8B", dim: 4096, ffn: 14336, layers: 32, heads: 32, kvHs: 8, vocab: 32000},
	{arch: &arch.Llama, name: "13B", dim: 5120, ffn: 13824, layers: 40, heads: 40, kvHs: 40, vocab: 32000},
	{arch: &arch.Llama, name: "30B", dim: 6656, ffn: 17920, layers: 60, heads: 52, kvHs: 52, vocab: 32000},
	{arch: &arch.Llama, name: "65B", dim: 8192, ffn: 22016, layers: 80, heads: 64, kvHs: 64, vocab: 32000},
	{arch: &arch.Llama, name: "70B", dim: 8192, ffn: 28672, layers: 80, heads: 64, kvHs: 8, vocab: 32000},
	{arch: &arch.Llama, name: "mixtral-8x7B", dim: 4096, ffn: 14336, layers: 32, heads: 32, kvHs: 8, vocab: 32000, moe: moe{experts: 8, used: 2, ffn: 14336}},
	{arch: &arch.Llama, name: "mixtral-8x22B", dim: 6144, ffn: 16384, layers: 56, heads: 48, kvHs: 8, vocab: 32768, moe: moe{experts: 8, used: 2, ffn: 16384}},
	{arch: &arch.Qwen2, name: "qwen2-0.5B", dim: 896, ffn: 4864, layers: 24, heads: 14, kvHs: 2, vocab: 151936, tied: true},
	{arch: &arch.Qwen2, name: "qwen2-1.5B", dim: 1536, ffn: 8960, layers: 28, heads: 12, kvHs: 2, vocab: 151936, tied: true},
	{arch: &arch.Qwen2, name: "qwen2-3B", dim: 2048, ffn: 11008, layers: 36, heads: 16, kvHs: 2, vocab: 151936, tied: true},
	{arch: &arch.Qwen2, name: "qwen2-7B", dim: 3584, ffn: 18944, layers: 28, heads: 28, kvHs: 4, vocab: 152064},
	{arch: &arch.Qwen2, name: "qwen2-14B", dim: 5120, ffn: 13824, layers: 48, heads: 40, kvHs: 8, vocab: 152064},
	{arch: &arch.Qwen2, name: "qwen2-32B", dim: 5120, ffn: 27648, layers: 64, heads: 40, kvHs: 8, vocab: 152064},
	{arch: &arch.Qwen2, name: "qwen2-72B", dim: 8192, ffn: 29568, layers: 80, heads: 64, kvHs: 8, vocab: 152064},
	{arch: &arch.Qwen3, name: "qwen3-0.6B", dim: 1024, ffn: 3072, layers: 28, heads: 16, kvHs: 8, head: 128, vocab: 151936, tied: true},
	{arch: &arch.Qwen3, name: "qwen3-1.7B", dim: 2048, ffn: 6144, layers: 28, heads: 16, kvHs: 8, head: 128, vocab: 151936, tied: true},
	{arch: &arch.Qwen3, name: "qwen3-4B", dim: 2560, ffn: 9728, layers: 36, heads: 32, kvHs: 8, head: 128, vocab: 151936, tied: true},
	{arch: &arch.Qwen3, name: "qwen3-8B", dim: 4096, ffn: 12288, layers: 36, heads: 32, kvHs: 8, head: 128, vocab: 151936},
	{arch: &arch.Qwen3, name: "qwen3-14B", dim: 5120, ffn: 17408, layers: 40, heads: 40, kvHs: 8, head: 128, vocab: 151936},
	{arch: &arch.Qwen3, name: "qwen3-32B", dim: 5120, ffn: 25600, layers: 64, heads: 64, kvHs: 8, head: 128, vocab: 151936},
	{arch: &arch.Qwen2MoE, name: "qwen1.5-MoE-A2.7B", dim: 2048, ffn: 5632, layers: 24, heads: 16, kvHs: 16, vocab: 151936, moe: moe{experts: 60, used: 4, ffn: 1408, shared: 5632}},
	{arch: &arch.Qwen2MoE, name: "qwen2-57B-A14B", dim: 3584, ffn: 18944, layers: 28, heads: 28, kvHs: 4, vocab: 151936, moe: moe{experts: 64, used: 8, ffn: 2560, shared: 20480}},
	{arch: &arch.Qwen3MoE, name: "qwen3-30B-A3B", dim: 2048, ffn: 6144, layers: 48, heads: 32, kvHs: 4, head: 128, vocab: 151936, moe: moe{experts: 128, used: 8, ffn: 768}},
	{arch: &arch.Qwen3MoE, name: "qwen3-235B-A22B", dim: 4096, ffn: 12288, layers: 94, heads: 64, kvHs: 4, head: 128, vocab: 151936, moe: moe{experts: 128, used: 8, ffn: 1536}},
	{arch: &arch.Gemma, name: "gemma-2B", dim: 2048, ffn: 16384, layers: 18, heads: 8, kvHs: 1, head: 256, vocab: 256000, tied: true},
	{arch: &arch.Gemma, name: "gemma-7B", dim: 3072, ffn: 24576, layers: 28, heads: 16, kvHs: 16, head: 256, vocab: 256000, tied: true},
	{arch: &arch.Gemma2, name: "gemma2-2B", dim: 2304, ffn: 9216, layers: 26, heads: 8, kvHs: 4, head: 256, vocab: 256000, tied: true, window: 4096},
	{arch: &arch.Gemma2, name: "gemma2-9B", dim: 3584, ffn: 14336, layers: 42, heads: 16, kvHs: 8, head: 256, vocab: 256000, tied: true, window: 4096},
	{arch: &arch.Gemma2, name: "gemma2-27B", dim: 4608, ffn: 36864, layers: 46, heads: 32, kvHs: 16, head: 128, vocab: 256000, tied: true, window: 4096},
	{arch: &arch.Gemma3, name: "gemma3-270M", dim: 640, ffn: 2048, layers: 18, heads: 4, kvHs: 1, head: 256, vocab: 262144, tied: true, window: 512},
	{arch: &arch.Gemma3, name: "gemma3-1B", dim: 1152, ffn: 6912, layers: 26, heads: 4, kvHs: 1, head: 256, vocab: 262144, tied: true, window: 512},
	{arch: &arch.Gemma3, name: "gemma3-4B", dim: 2560, ffn: 10240, layers: 34, heads: 8, kvHs: 4, head: 256, vocab: 262144, tied: true, window: 1024},
	{arch: &arch.Gemma3, name: "gemma3-12B", dim: 3840, ffn: 15360, layers: 48, heads: 16, kvHs: 8, head: 256, vocab: 262144, tied: true, window: 1024},
	{arch: &arch.Gemma3, name: "gemma3-27B", dim: 5376, ffn: 21504, layers: 62, heads: 32, kvHs: 16, head: 128, vocab: 262144, tied: true, window: 1024},
	{arch: &arch.Gemma4, name: "gemma4-E4B", dim: 2560, ffn: 10240, layers: 42, heads: 8, kvHs: 2, head: 512, vocab: 262144, tied: true, window: 512, inputs: 256, noKeys: 18},
	{arch: &arch.Phi3, name: "phi3-mini", dim: 3072, ffn: 8192, layers: 32, heads: 32, kvHs: 32, vocab: 32064},
	{arch: &arch.Phi3, name: "phi3-medium", dim: 5120, ffn: 17920, layers: 40, heads: 40, kvHs: 10, vocab: 32064},
	{arch: &arch.Phi3, name: "phi4-mini", dim: 3072, ffn: 8192, layers: 32, heads: 24, kvHs: 8, vocab: 200064, tied: true, turning: 96},
	{arch: &arch.Phi3, name: "phi4", dim: 5120, ffn: 17920, layers: 40, heads: 40, kvHs: 10, vocab: 100352},
	{arch: &arch.SmolLM3, name: "smollm3-3B", dim: 2048, ffn: 11008, layers: 36, heads: 16, kvHs: 4, vocab: 128256, tied: true},
	{arch: &arch.Olmo2, name: "olmo2-1B", dim: 2048, ffn: 8192, layers: 16, heads: 16, kvHs: 16, vocab: 100352},
	{arch: &arch.Olmo2, name: "olmo2-7B", dim: 4096, ffn: 11008, layers: 32, heads: 32, kvHs: 32, vocab: 100352},
	{arch: &arch.Olmo2, name: "olmo2-13B", dim: 5120, ffn: 13824, layers: 40, heads: 40, kvHs: 40, vocab: 100352},
	{arch: &arch.Olmo2, name: "olmo3-7B", dim: 4096, ffn: 11008, layers: 32, heads: 32, kvHs: 32, vocab: 100278, window: 4096},
	{arch: &arch.Granite, name: "granite-2B", dim: 2048, ffn: 8192, layers: 40, heads: 32, kvHs: 8, vocab: 49155, tied: true},
	{arch: &arch.Granite, name: "granite-8B", dim: 4096, ffn: 12800, layers: 40, heads: 32, kvHs: 8, vocab: 49155, tied: true},
	{arch: &arch.GraniteMoE, name: "granite-1B-A400M", dim: 1024, ffn: 512, layers: 24, heads: 16, kvHs: 8, vocab: 49155, tied: true, moe: moe{experts: 32, used: 8, ffn: 512}},
	{arch: &arch.GraniteMoE, name: "granite-3B-A800M", dim: 1536, ffn: 512, layers: 32, heads: 24, kvHs: 8, vocab: 49155, tied: true, moe: moe{experts: 40, used: 8, ffn: 512}},
	{arch: &arch.StarCoder2, name: "starcoder2-3B", dim: 3072, ffn: 12288, layers: 30, heads: 24, kvHs: 2, vocab: 49152, tied: true},
	{arch: &arch.StarCoder2, name: "starcoder2-7B", dim: 4608, ffn: 18432, layers: 32, heads: 36, kvHs: 4, vocab: 49152},
	{arch: &arch.StarCoder2, name: "starcoder2-15B", dim: 6144, ffn: 24576, layers: 40, heads: 48, kvHs: 4, vocab: 49152},
	{arch: &arch.LFM2, name: "lfm2-350M", dim: 1024, ffn: 4608, layers: 16, heads: 16, kvHs: 8, vocab: 65536, tied: true},
	{arch: &arch.LFM2, name: "lfm2-700M", dim: 1536, ffn: 6912, layers: 16, heads: 24, kvHs: 8, vocab: 65536, tied: true},
	{arch: &arch.LFM2, name: "lfm2-1.2B", dim: 2048, ffn: 8192, layers: 16, heads: 32, kvHs: 8, vocab: 65536, tied: true},
	{arch: &arch.LFM2, name: "lfm2-2.6B", dim: 2048, ffn: 10752, layers: 30, heads: 32, kvHs: 8, vocab: 65536, tied: true},
	{arch: &arch.GPTOSS, name: "gpt-oss-20B", dim: 2880, ffn: 2880, layers: 24, heads: 64, kvHs: 8, head: 64, vocab: 201088, window: 128, moe: moe{experts: 32, used: 4, ffn: 2880}},
	{arch: &arch.GPTOSS, name: "gpt-oss-120B", dim: 2880, ffn: 2880, layers: 36, heads: 64, kvHs: 8, head: 64, vocab: 201088, window: 128, moe: moe{experts: 128, used: 4, ffn: 2880}},
	{arch: &arch.Qwen35, name: "qwen3.5-0.8B", dim: 1024, ffn: 3584, layers: 24, heads: 8, kvHs: 2, head: 256, vocab: 248320, tied: true, turning: 64},
	{arch: &arch.Qwen35, name: "qwen3.5-2B", dim: 2048, ffn: 6144, layers: 24, heads: 8, kvHs: 2, head: 256, vocab: 248320, tied: true, turning: 64},
	{arch: &arch.Qwen35, name: "qwen3.5-4B", dim: 2560, ffn: 9216, layers: 32, heads: 16, kvHs: 4, head: 256, vocab: 248320, tied: true, turning: 64},
	{arch: &arch.Qwen35, name: "qwen3.5-9B", dim: 4096, ffn: 12288, layers: 32, heads: 16, kvHs: 4, head: 256, vocab: 248320, turning: 64},
	{arch: &arch.Mistral3, name: "ministral3-3B", dim: 3072, ffn: 9216, layers: 26, heads: 32, kvHs: 8, head: 128, vocab: 131072, tied: true},
	{arch: &arch.Mistral3, name: "ministral3-8B", dim: 4096, ffn: 14336, layers: 34, heads: 32, kvHs: 8, head: 128, vocab: 131072},
	{arch: &arch.Mistral3, name: "ministral3-14B", dim: 5120, ffn: 16384, layers: 40, heads: 32, kvHs: 8, head: 128, vocab: 131072},
	{arch: &arch.StableLM, name: "stablelm-3B", dim: 2560, ffn: 6912, layers: 32, heads: 32, kvHs: 32, vocab: 50304, turning: 20},
	{arch: &arch.StableLM, name: "stablelm2-1.6B", dim: 2048, ffn: 5632, layers: 24, heads: 32, kvHs: 32, vocab: 100352, turning: 16},
}

// taps returns the length of a layer's convolution. It is 0 for a layer with attention, which is
// every third layer of LFM 2 and every fourth of Qwen 3.5.
func (s *shape) taps(layer int) int {
	switch {
	case s.arch.Conv && layer%3 != 2:
		return 3
	case s.arch.Delta && layer%4 != 3:
		return 4
	}
	return 0
}

// delta sets the sizes of the gated delta rule, with key heads of 128 elements, if the
// architecture has one.
func (s *shape) delta(sizes *arch.Sizes) {
	if s.arch.Delta {
		heads := max(16, s.dim/128)
		sizes.SSMState, sizes.SSMGroups, sizes.SSMHeads, sizes.SSMInner = 128, 16, heads, 128*heads
	}
}

// hparams returns the parameters of a model of this shape.
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
