package config

import (
	"math"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
)

// keys adds the keys that most architectures have.
func (r *reader) keys() {
	a, s := r.m.Arch, &r.m.Layers[0]
	if !r.Bool("is_causal", true) || r.bidirectional() {
		r.Fail("a model whose tokens see later tokens is %w", ErrUnsupported)
	}
	r.addInt(arch.KeyLayers, len(r.m.Layers))
	r.addInt(arch.KeyContext, r.count("max_position_embeddings", math.MaxInt32, "n_ctx", "n_positions", "max_sequence_length"))
	r.addInt(arch.KeyEmbd, s.Dim)
	r.addInt(arch.KeyFFN, s.FFNDim)
	r.addInt(arch.KeyHeads, s.NumHeads)
	r.kvHeads()
	r.rope()
	r.addFloat(a.NormEps(), r.normEps())
	if r.Has("head_dim") && s.KeyDim == r.Int("head_dim", 0) || s.KeyDim*s.NumHeads != s.Dim {
		r.addInt(arch.KeyKeyLength, s.KeyDim)
		r.addInt(arch.KeyValueLength, s.ValueDim)
	}
	if s.NumExperts > 0 {
		r.expertKeys(s)
	}
	if r.m.Vocab > 0 && a.Rotation == arch.Pairs || a.Conv {
		r.addInt(arch.KeyVocabSize, r.m.Vocab)
	}
	if a.Rotation == arch.Pairs || s.RopeDim != s.KeyDim || a == &arch.Phi3 || a == &arch.StableLM {
		r.addInt(arch.KeyRopeDim, s.RopeDim)
	}
}

// bidirectional reports whether tokens of text see later tokens. In Gemma 4, the key's value
// may also be "all" or "vision"; with "vision", tokens of text do not see later tokens.
func (r *reader) bidirectional() bool {
	const key = "use_bidirectional_attention"
	if r.IsText(key) {
		return r.Text(key) != "vision"
	}
	return r.Bool(key, false)
}

// normEps returns the epsilon of norms.
func (r *reader) normEps() float64 {
	names := []string{"rms_norm_eps", "norm_eps"}
	switch {
	case r.m.Arch.Conv:
		names = []string{"norm_eps"}
	case r.m.Arch.LayerNorm:
		names = []string{"layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"}
	}
	key := r.First(names...)
	if key == "" {
		r.Fail("%s is missing", names[0])
		return 0
	}
	eps := r.Float(key, 0)
	if !(eps >= 0 && eps < 1) {
		r.Fail("%s is %g, want 0 to 1", key, eps)
	}
	return eps
}

// kvHeads adds the number of key heads. The value is one number for all
// layers or, if some layers have no attention, one number for each layer.
func (r *reader) kvHeads() {
	if !r.m.Arch.Conv {
		r.addInt(arch.KeyKVHeads, r.m.Layers[0].NumKVHeads)
		return
	}
	list := make([]int32, len(r.m.Layers))
	for i := range list {
		list[i] = int32(r.m.Layers[i].NumKVHeads)
	}
	r.add(arch.KeyKVHeads, gguf.I32s(list))
	r.addInt(arch.KeyConvTaps, r.Int("conv_L_cache", 0))
}

// expertKeys adds the keys of experts.
func (r *reader) expertKeys(s *arch.Sizes) {
	a := r.m.Arch
	r.addInt(arch.KeyExperts, s.NumExperts)
	r.addInt(arch.KeyExpertsUsed, r.count("num_experts_per_tok", s.NumExperts, "num_experts_per_token", "top_k_experts"))
	if r.Has("moe_intermediate_size") || a == &arch.GPTOSS {
		r.addInt(arch.KeyExpertFFN, s.ExpertFFN)
	}
	if r.Has("shared_expert_intermediate_size") {
		r.addInt(arch.KeySharedFFN, s.SharedFFN)
	}
	if norm := r.Bool("norm_topk_prob", !a.PlainTopK); norm == a.PlainTopK {
		r.add(arch.KeyExpertNorm, gguf.Bool(norm))
		r.note("norm_topk_prob %v is kept in %s.%s, a key that the reference converter drops", norm, a.Name, arch.KeyExpertNorm)
	}
	if key := r.First("score_function", "scoring_func", "score_func"); key != "" && r.Text(key) != "softmax" {
		r.Fail("%s %q is %w", key, r.Text(key), ErrUnsupported)
	}
}

// family adds the keys that only some architectures have.
func (r *reader) family() {
	a, s := r.m.Arch, &r.m.Layers[0]
	scale := func(from, to string) {
		if v := r.Float(from, 0); v != 0 {
			r.addFloat(to, v)
		}
	}
	switch a {
	case &arch.Granite, &arch.GraniteMoE:
		scale("attention_multiplier", arch.KeyAttnScale)
		scale("embedding_multiplier", arch.KeyEmbedScale)
		scale("residual_multiplier", arch.KeyResidual)
		scale("logits_scaling", arch.KeyLogitScale)
	case &arch.StableLM:
		r.add("use_parallel_residual", gguf.Bool(r.Bool("use_parallel_residual", false)))
	case &arch.SmolLM3:
		r.noRope()
	case &arch.Mistral3:
		p := r.ropeObject()
		if p.Has("llama_4_scaling_beta") {
			r.addFloat(arch.KeyTempScale, p.Float("llama_4_scaling_beta", 0))
		}
	case &arch.Qwen35:
		r.deltaKeys(s)
	case &arch.Gemma4:
		r.gemma4()
	}
	if a.AttnCap != 0 {
		r.cap("attn_logit_softcapping", arch.KeyAttnCap)
	} else if r.Has("attn_logit_softcapping") {
		r.addFloat(arch.KeyAttnCap, r.Float("attn_logit_softcapping", 0))
	}
	if a.LogitCap != 0 {
		r.cap("final_logit_softcapping", arch.KeyLogitCap)
	} else if r.Has("final_logit_softcapping") {
		r.addFloat(arch.KeyLogitCap, r.Float("final_logit_softcapping", 0))
	}
	r.attnScale(s)
	r.windows()
	r.activation()
}

// cap adds a soft cap to the file, even a cap of 0: without the key, the architecture's
// default would apply. The key is from in config.json, and to in GGUF.
func (r *reader) cap(from, to string) {
	r.addFloat(to, r.Float(from, 0))
}

// attnScale adds the scale of attention's scores (Gemma's
// query_pre_attn_scalar) if it differs from the architecture's default.
func (r *reader) attnScale(s *arch.Sizes) {
	if !r.m.Arch.ScaledEmbed || !r.Has("query_pre_attn_scalar") {
		return
	}
	usual := s.KeyDim
	if r.m.Arch.WideScale == len(r.m.Layers) {
		usual = s.Dim / s.NumHeads
	}
	if v := r.Float("query_pre_attn_scalar", 0); v > 0 && v != float64(usual) {
		r.addFloat(arch.KeyAttnScale, 1/math.Sqrt(v))
		r.note("query_pre_attn_scalar %g is kept in %s.%s, a key that the reference converter drops", v, r.m.Arch.Name, arch.KeyAttnScale)
	}
}

// noRope checks that every NoRopePeriod-th layer, and no
// other, lacks a rotation, as the architecture requires.
func (r *reader) noRope() {
	period := r.m.Arch.NoRopePeriod
	if list := r.Floats("no_rope_layers"); len(list) > 0 {
		for i, v := range list {
			if want := (i+1)%period != 0; i < len(r.m.Layers) && (v != 0) != want {
				r.Fail("no_rope_layers[%d] is %g: layers without rotation are %w, except every %dth layer", i, v, ErrUnsupported, period)
				return
			}
		}
		return
	}
	if n := r.Int("no_rope_layer_interval", period); n != period {
		r.Fail("no_rope_layer_interval %d is %w, only %d", n, ErrUnsupported, period)
	}
}

// deltaKeys adds the keys of gated delta rules.
func (r *reader) deltaKeys(s *arch.Sizes) {
	taps := r.Int("linear_conv_kernel_dim", 0)
	r.addInt(arch.KeySSMTaps, taps)
	r.addInt(arch.KeySSMState, s.SSMState)
	r.addInt(arch.KeySSMGroups, s.SSMGroups)
	r.addInt(arch.KeySSMHeads, s.SSMHeads)
	r.addInt(arch.KeySSMInner, s.SSMInner)
	list := make([]bool, len(r.m.Layers))
	for i := range list {
		list[i] = r.m.Layers[i].Delta
	}
	if r.Has("layer_types") {
		r.add(arch.KeyRecurrent, gguf.Bools(list))
	}
	r.addInt(arch.KeyAttnPeriod, r.Int("full_attention_interval", 4))
	sections := []int32{11, 11, 10, 0} // the class's default
	if given := r.ropeObject().Floats("mrope_section"); len(given) > 0 {
		sections = make([]int32, 4)
		for i, v := range given[:min(4, len(given))] {
			sections[i] = int32(v)
		}
	}
	r.add("rope.dimension_sections", gguf.I32s(sections))
}

// activation checks that the model has the activation function of its architecture.
func (r *reader) activation() {
	key := r.First("hidden_activation", "hidden_act")
	if key == "" {
		return
	}
	want := map[arch.Activation][]string{
		arch.SiLU:          {"silu", "swish"},
		arch.GELU:          {"gelu", "gelu_pytorch_tanh", "gelu_new", "gelu_fast"}, // old configurations of Gemma say gelu, but mean gelu_pytorch_tanh
		arch.ClampedSwiGLU: {"silu", "swish", "swiglu"},
	}[r.m.Arch.Activation]
	if got := r.Text(key); !slices.Contains(want, got) {
		r.Fail("%s %q is %w in %s, only %q", key, got, ErrUnsupported, r.m.Arch.Name, want)
	}
}
