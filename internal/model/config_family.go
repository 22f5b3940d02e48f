package model

import (
	"math"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
)

// experts reads the keys for experts.
func (r *reader) experts(c *Config, family *arch.Arch) {
	if r.err != nil || c.NumLayers == 0 {
		return
	}
	switch {
	case c.NumExperts > 0 && family.MoE == nil:
		r.fail("architecture %q with %d experts is %w", c.Arch, c.NumExperts, ErrUnsupported)
	case c.NumExperts == 0 && family.FFN == nil:
		r.fail("architecture %q without experts is %w: %s.%s is 0", c.Arch, ErrUnsupported, c.Arch, arch.KeyExperts)
	}
	if c.NumExperts == 0 || r.err != nil {
		return
	}
	c.ExpertFFN = c.Layers[0].FFNDim
	if family.SharedLength {
		c.ExpertFFN /= max(1, c.NumUsed)
	}
	c.ExpertFFN = r.count(arch.KeyExpertFFN, c.ExpertFFN, maxDim)
	c.SharedFFN = r.count(arch.KeySharedFFN, c.Layers[0].FFNDim, maxDim)
	if family.HasRole(arch.SharedPostNorm) { // the shared expert has the size of a plain feed-forward network
		c.SharedFFN = c.most(func(l *LayerConfig) int { return l.FFNDim })
	}
	c.PlainTopK = !r.flag(arch.KeyExpertNorm, !family.PlainTopK)
	if c.ExpertScale = float32(r.float(arch.KeyExpertScale, 1)); c.ExpertScale == 0 {
		c.ExpertScale = 1 // as in llama.cpp
	}
	const softmax = 1
	if how := r.count(arch.KeyExpertGating, softmax, math.MaxInt32); how > softmax {
		r.fail("%s.%s %d is %w, only %d, the softmax of the router's scores", c.Arch, arch.KeyExpertGating, how, ErrUnsupported, softmax)
	}
}

// family sets the fields that depend on the architecture a, such as windows,
// scales and caps. It needs the other fields of c, so it must be called last.
func (r *reader) family(c *Config, a *arch.Arch) {
	r.windows(c, a)
	c.Rope.YaRN.Exact = a.ExactYaRN
	c.Activation = map[arch.Activation]ggml.Activation{arch.SiLU: ggml.SiLU, arch.GELU: ggml.GELU, arch.ClampedSwiGLU: ggml.ClampedSwiGLU}[a.Activation]
	c.AttnScale = float32(r.float(arch.KeyAttnScale, a.AttnScale))
	if a.WideScale != 0 && c.NumLayers == a.WideScale && c.AttnScale == 0 {
		c.AttnScale = attentionScale(c.Dim / c.Layers[0].NumHeads)
	}
	c.AttnCap = float32(r.float(arch.KeyAttnCap, a.AttnCap))
	c.LogitCap = float32(r.float(arch.KeyLogitCap, a.LogitCap))
	c.EmbedScale = float32(r.float(arch.KeyEmbedScale, 0))
	if a.ScaledEmbed {
		c.EmbedScale = float32(math.Sqrt(float64(c.Dim)))
	}
	c.LogitScale = float32(r.float(arch.KeyLogitScale, 0))
	if c.ResidualScale = float32(r.float(arch.KeyResidual, 0)); c.ResidualScale != 0 {
		c.ExpertScale *= c.ResidualScale // the factor of the experts' outputs must include ResidualScale
	}
	c.TempScale = r.float(arch.KeyTempScale, 0)
	if a.Conv {
		r.convolutions(c)
	}
	if a.Delta {
		r.delta(c)
	}
	c.GatedQuery = a.GatedQuery
	c.LayerInput = r.count(arch.KeyLayerInput, 0, maxDim)
	r.sharedKV(c)
	for i := range c.Layers {
		if n := a.NoRopePeriod; n > 0 && i%n == n-1 {
			c.Layers[i].Turn = TurnNone
		}
	}
}

// sharedKV sets KVOf of the last layers, which use the keys and
// values of an earlier layer. Such a layer uses the last layer that
// has its own keys and is of the same kind: with a window or without.
func (r *reader) sharedKV(c *Config) {
	n := r.count(arch.KeySharedKV, 0, c.NumLayers)
	own := c.NumLayers - n
	for i := own; i < c.NumLayers && r.err == nil; i++ {
		l := &c.Layers[i]
		for j := own - 1; j >= 0 && l.KVOf == 0; j-- {
			if (c.Layers[j].Window > 0) == (l.Window > 0) {
				l.KVOf = j + 1
			}
		}
		switch from := &c.Layers[max(0, l.KVOf-1)]; {
		case l.KVOf == 0:
			r.fail("%s.%s is %d: no layer among the first %d has keys for layer %d", c.Arch, arch.KeySharedKV, n, own, i)
		case from.KeyDim != l.KeyDim || from.ValueDim != l.ValueDim || from.NumKVHeads != l.NumKVHeads || from.Window != l.Window:
			r.fail("%s.%s is %d: layer %d must use the keys of layer %d, but their heads differ in shape", c.Arch, arch.KeySharedKV, n, i, l.KVOf-1)
		}
	}
}

// convolutions sets up the layers without key heads, which have a short convolution instead
// of attention. The window of such a layer is its number of taps.
func (r *reader) convolutions(c *Config) {
	const most = 64
	for i := range c.Layers {
		l := &c.Layers[i]
		if l.NumKVHeads > 0 || r.err != nil {
			continue
		}
		taps := r.count(arch.KeyConvTaps, required, most)
		if taps == 0 {
			r.fail("%s.%s is 0, must be positive", c.Arch, arch.KeyConvTaps)
		}
		*l = LayerConfig{FFNDim: l.FFNDim, Taps: taps, Window: taps, Turn: TurnNone}
	}
}

// windows decides which layers have a window. If the architecture has
// a separate position embedding for such layers, windows sets it.
func (r *reader) windows(c *Config, a *arch.Arch) {
	w := a.Windows
	key, found := r.file.Value(c.Arch + "." + arch.KeyWindow)
	if !found {
		for i := range c.Layers {
			c.Layers[i].Window = w.Default
		}
	}
	if list, ok := r.pattern(len(c.Layers)); ok {
		for i := range list {
			if !list[i] {
				c.Layers[i].Window = 0
			}
		}
	} else if key.Kind == gguf.KindArray && found {
		// An array of windows has a number for every layer, and needs no pattern.
	} else if period := r.count(arch.KeyWindowLayers, w.Period, math.MaxInt32); period > 0 {
		for i := range c.Layers {
			if i%period == period-1 {
				c.Layers[i].Window = 0
			}
		}
	}
	if !w.OwnRope {
		return
	}
	c.LocalRope = ggml.RopeParams{Dim: c.Rope.Dim, Halves: c.Rope.Halves}
	if w.OwnHeads {
		r.localHeads(c)
	}
	base := w.RopeBase
	if base == 0 {
		base = c.Rope.Base
	}
	c.LocalRope.Base = r.float(arch.KeyRopeBaseSWA, base)
	for i := range c.Layers {
		if c.Layers[i].Window > 0 {
			c.Layers[i].Turn = TurnLocal
		}
	}
}

// localHeads reads the sizes of the heads in layers with a window.
func (r *reader) localHeads(c *Config) {
	key, value := r.count(arch.KeyKeyLocal, c.Layers[0].KeyDim, maxDim), r.count(arch.KeyValueLocal, c.Layers[0].ValueDim, maxDim)
	for i := range c.Layers {
		if l := &c.Layers[i]; l.Window > 0 {
			l.KeyDim, l.ValueDim = key, value
		}
	}
	c.LocalRope.Dim = r.count(arch.KeyRopeDimLocal, key, maxDim)
}

// pattern returns which of n layers have a window, if the file has an array for that.
func (r *reader) pattern(n int) (windowed []bool, found bool) {
	return r.bools(arch.KeyWindowLayers, n)
}
