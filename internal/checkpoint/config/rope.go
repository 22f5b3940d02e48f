package config

import (
	"math"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
)

// ropeObject returns the parameters of RoPE for layers without a window. They are
// in rope_parameters or, in older files, in rope_scaling and in keys beside it.
func (r *reader) ropeObject() Object {
	p := r.Sub("rope_parameters")
	switch {
	case r.Has("rope_parameters"):
	case r.m.Arch == &arch.Gemma4: // null stands for the default of the class
		p = defaults(r.m.Arch, "").Sub("rope_parameters")
	default:
		p = r.Sub("rope_scaling")
	}
	if p.IsObject("full_attention") {
		p = p.With(p.Sub("full_attention"))
	}
	beside := Object{Name: r.Name, err: r.err, fields: map[string]any{}}
	for _, key := range []string{"rope_theta", "partial_rotary_factor", "original_max_position_embeddings"} {
		if v, ok := r.fields[key]; ok && v != nil {
			beside.fields[key] = v
		}
	}
	for from, to := range map[string]string{"rotary_emb_base": "rope_theta", "rope_pct": "partial_rotary_factor", "global_rope_theta": "rope_theta"} {
		if v := r.fields[from]; v != nil && beside.fields[to] == nil {
			beside.fields[to] = v
		}
	}
	return beside.With(p)
}

// ropeType returns the kind of scaling, or "default" if there is none.
func ropeType(p Object) string {
	switch key := p.First("rope_type", "type"); {
	case key == "":
		return "default"
	default:
		return p.Text(key)
	}
}

// ropeDim returns how many elements of a head are rotated.
func (r *reader) ropeDim(s *arch.Sizes) int {
	factor := 1.0
	if r.m.Arch == &arch.Qwen35 {
		factor = 0.25 // the class's default
	}
	factor = r.ropeObject().Float("partial_rotary_factor", factor)
	if !(factor > 0 && factor <= 1) {
		r.Fail("partial_rotary_factor is %g, want 0 to 1", factor)
		return s.KeyDim
	}
	if r.m.Arch == &arch.Phi3 {
		return int(factor*float64(s.Dim)) / s.NumHeads
	}
	return int(factor * float64(s.KeyDim))
}

// rope adds the keys of RoPE.
func (r *reader) rope() {
	p := r.ropeObject()
	if p.Has("rope_theta") {
		r.addFloat(arch.KeyRopeBase, p.Float("rope_theta", 0))
	}
	swa := r.Sub("rope_parameters").Sub("sliding_attention")
	switch key := r.First("rope_local_base_freq", "local_rope_theta", "swa_rope_theta"); {
	case swa.Has("rope_theta"):
		r.addFloat(arch.KeyRopeBaseSWA, swa.Float("rope_theta", 0))
	case key != "":
		r.addFloat(arch.KeyRopeBaseSWA, r.Float(key, 0))
	}
	r.scaling(p)
}

// scaling adds the keys of RoPE scaling.
func (r *reader) scaling(p Object) {
	if r.m.Arch == &arch.Gemma4 {
		r.proportional(p)
		return
	}
	context := r.Int("max_position_embeddings", 0)
	switch kind := ropeType(p); kind {
	case "default", "mrope":
	case "linear":
		if p.Has("factor") {
			r.add(arch.KeyRopeScaling, gguf.Str("linear"))
			r.addFloat(arch.KeyRopeFactor, p.Float("factor", 1))
		}
	case "yarn":
		r.yarn(p, context)
	case "su", "longrope":
		r.longrope(p, context)
	case "llama3":
		r.llama3(p)
	case "dynamic":
		r.note("rope scaling \"dynamic\" is left out: it changes nothing up to %d positions, but longer contexts are not scaled", context)
	default:
		r.Fail("rope scaling %q is %w", kind, ErrUnsupported)
	}
	if r.m.Arch == &arch.Phi3 {
		r.addInt(arch.KeyRopeOrigCtx, p.Int("original_max_position_embeddings", context))
	}
}

// yarn adds the keys of YaRN. KeyYarnAttn is attention_factor, if the file has this key.
// Otherwise KeyYarnAttn is computed from mscale and mscale_all_dim, if the file has both.
// But if mscale is 1 (or absent, in Mistral 3), KeyYarnLog is set to mscale_all_dim instead.
func (r *reader) yarn(p Object, context int) {
	factor := p.Float("factor", 1)
	r.add(arch.KeyRopeScaling, gguf.Str("yarn"))
	r.addFloat(arch.KeyRopeFactor, factor)
	r.addInt(arch.KeyRopeOrigCtx, p.Int("original_max_position_embeddings", context))
	for _, k := range [][2]string{
		{"extrapolation_factor", arch.KeyYarnExt}, {"beta_fast", arch.KeyYarnBetaFast}, {"beta_slow", arch.KeyYarnBetaSlow},
	} {
		if p.Has(k[0]) {
			r.addFloat(k[1], p.Float(k[0], 0))
		}
	}
	mscale, all := p.Float("mscale", 0), p.Float("mscale_all_dim", 0)
	switch key := p.First("attention_factor", "attn_factor"); {
	case key != "":
		r.addFloat(arch.KeyYarnAttn, p.Float(key, 1))
	case mscale == 0 || all == 0:
		if r.m.Arch == &arch.Mistral3 && p.Has("mscale_all_dim") {
			r.addFloat(arch.KeyYarnLog, all)
		}
	case mscale == 1:
		r.addFloat(arch.KeyYarnLog, all)
	default:
		stretch := func(m float64) float64 { return 1 + 0.1*m*math.Log(max(1, factor)) }
		r.addFloat(arch.KeyYarnAttn, stretch(mscale)/stretch(all))
	}
	if exact := p.Has("truncate") && !p.Bool("truncate", true); exact != r.m.Arch.ExactYaRN {
		r.note("truncate is %v in YaRN, for which GGUF has no key: models of the architecture %s are evaluated as if it were %v", !exact, r.m.Arch.Name, !r.m.Arch.ExactYaRN)
	}
}

// longrope adds the factors of Phi's long contexts.
func (r *reader) longrope(p Object, context int) {
	original := p.Int("original_max_position_embeddings", context)
	if r.m.Arch != &arch.Phi3 { // for Phi 3 the reference does not write these two keys
		r.add(arch.KeyRopeScaling, gguf.Str("longrope"))
		r.addInt(arch.KeyRopeOrigCtx, original)
	}
	long, short := p.Floats("long_factor"), p.Floats("short_factor")
	pairs := r.m.Layers[0].RopeDim / 2
	if len(long) != pairs || len(short) != pairs {
		r.Fail("long_factor and short_factor have %d and %d numbers, want %d, one for each pair that rotates", len(long), len(short), pairs)
		return
	}
	r.m.RopeLong, r.m.RopeShort = float32s(long), float32s(short)
	attn := 1.0
	if scale := float64(context) / float64(max(1, original)); scale > 1 {
		attn = math.Sqrt(1 + math.Log(scale)/math.Log(float64(original)))
	}
	r.addFloat(arch.KeyRopeAttn, p.Float("attention_factor", attn))
}

// llama3 sets the divisors of frequencies for Llama 3.1. For short wavelengths the divisor is 1,
// and for long wavelengths it is the given factor. Between the two, 1/divisor is interpolated.
func (r *reader) llama3(p Object) {
	s := &r.m.Layers[0]
	base := p.Float("rope_theta", 10000)
	factor, low, high := p.Float("factor", 8), p.Float("low_freq_factor", 1), p.Float("high_freq_factor", 4)
	original := float64(p.Int("original_max_position_embeddings", 8192))
	if !(factor > 0 && low > 0 && high > low) {
		r.Fail("rope scaling with factor %g, low_freq_factor %g and high_freq_factor %g: all must be positive, and high_freq_factor larger than low_freq_factor", factor, low, high)
		return
	}
	for i := 0; i < s.RopeDim; i += 2 {
		wave := 2 * math.Pi * math.Pow(base, float64(i)/float64(s.RopeDim))
		divisor := 1.0
		switch {
		case wave > original/low:
			divisor = factor
		case wave >= original/high:
			smooth := (original/wave - low) / (high - low)
			divisor = 1 / ((1-smooth)/factor + smooth)
		}
		r.m.RopeFreqs = append(r.m.RopeFreqs, float32(divisor))
	}
}

func float32s(list []float64) []float32 {
	out := make([]float32, len(list))
	for i, v := range list {
		out[i] = float32(v)
	}
	return out
}
