package model

import (
	"fmt"
	"math"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
)

// reader reads keys and keeps the first error.
type reader struct {
	file *gguf.File
	arch string
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// text returns the string of a key, "" where it is absent.
func (r *reader) text(key string) string {
	s, _, err := r.file.String(key)
	if err != nil {
		r.fail("%w", err)
	}
	return s
}

// required stands for a default where there is none.
const required = -1

// count returns the number of ARCH.key, between 0 and most. A few files have an array
// also where it must be the same for all layers.
func (r *reader) count(key string, def, most int) int {
	list, found := r.counts(key, def == required, most, 0)
	if !found {
		return def
	}
	for _, n := range list {
		if n != list[0] {
			r.fail("key %q: layers that differ (%d and %d) are %w", r.arch+"."+key, list[0], n, ErrUnsupported)
		}
	}
	return list[0]
}

// counts returns the numbers of ARCH.key for n layers, each between 0 and most: those
// of an array, or a number that is the same for all. If n is 0, the numbers are
// returned as the file has them, at least one. found is false if there is no such key
// or nothing can be read.
func (r *reader) counts(key string, require bool, most, n int) (list []int, found bool) {
	if r.err != nil {
		return nil, false
	}
	key = r.arch + "." + key
	v, found := r.file.Value(key)
	if !found {
		if require {
			r.fail("no key %q", key)
		}
		return nil, false
	}
	if v.Kind == gguf.KindArray {
		numbers, _, err := r.file.Ints(key)
		switch {
		case err != nil:
			r.fail("%w", err)
		case len(numbers) == 0:
			r.fail("key %q: an empty array, want a number for each layer", key)
		case n > 0 && len(numbers) != n:
			r.fail("key %q: %d numbers for %d layers", key, len(numbers), n)
		}
		for _, x := range numbers {
			list = append(list, int(x))
		}
	} else {
		x, _, err := r.file.Uint(key)
		if err != nil {
			r.fail("%w", err)
		}
		if x > uint64(most) {
			r.fail("key %q: %d, at most %d", key, x, most)
			return nil, false
		}
		list = slices.Repeat([]int{int(x)}, max(1, n))
	}
	for _, x := range list {
		if x < 0 || x > most {
			r.fail("key %q: %d, must be between 0 and %d", key, x, most)
		}
	}
	return list, r.err == nil
}

// flag returns the bool of ARCH.key.
func (r *reader) flag(key string, def bool) bool {
	if r.err != nil {
		return def
	}
	value, found, err := r.file.Bool(r.arch + "." + key)
	if err != nil {
		r.fail("%w", err)
	}
	if err != nil || !found {
		return def
	}
	return value
}

// float returns the number of ARCH.key; NaN as default says that it is required.
func (r *reader) float(key string, def float64) float64 {
	if r.err != nil {
		return 0
	}
	key = r.arch + "." + key
	x, found, err := r.file.Float(key)
	switch {
	case err != nil:
		r.fail("%w", err)
	case !found && math.IsNaN(def):
		r.fail("no key %q", key)
	case !found:
		return def
	case math.IsNaN(x) || math.IsInf(x, 0):
		r.fail("key %q: %v is not a number", key, x)
	}
	return x
}

// layers reads what may differ from layer to layer.
func (r *reader) layers(n, dim int) []LayerConfig {
	if r.err != nil {
		return nil
	}
	layers := make([]LayerConfig, n)
	for _, x := range []struct {
		key   string
		most  int
		field func(l *LayerConfig) *int
		def   func(l *LayerConfig) int // nil: required
	}{
		{arch.KeyFFN, maxDim, func(l *LayerConfig) *int { return &l.FFNDim }, nil},
		{arch.KeyHeads, maxDim, func(l *LayerConfig) *int { return &l.NumHeads }, nil},
		{arch.KeyKVHeads, maxDim, func(l *LayerConfig) *int { return &l.NumKVHeads }, func(l *LayerConfig) int { return l.NumHeads }},
		{arch.KeyKeyLength, maxDim, func(l *LayerConfig) *int { return &l.KeyDim }, func(l *LayerConfig) int { return dim / max(1, l.NumHeads) }},
		{arch.KeyValueLength, maxDim, func(l *LayerConfig) *int { return &l.ValueDim }, func(l *LayerConfig) int { return dim / max(1, l.NumHeads) }},
		{arch.KeyWindow, math.MaxInt32, func(l *LayerConfig) *int { return &l.Window }, func(*LayerConfig) int { return 0 }},
	} {
		list, found := r.counts(x.key, x.def == nil, x.most, n)
		for i := range layers {
			switch l := &layers[i]; {
			case !found && x.def != nil:
				*x.field(l) = x.def(l)
			case i < len(list):
				*x.field(l) = list[i]
			}
		}
	}
	return layers
}

// experts reads what is said of c's experts.
func (r *reader) experts(c *Config, family *arch.Arch) {
	if r.err != nil || c.NumLayers == 0 {
		return
	}
	switch {
	case c.NumExperts > 0 && family.MoE == nil:
		r.fail("architecture %q with %d experts is %w", c.Arch, c.NumExperts, ErrUnsupported)
	case c.NumExperts == 0 && family.FFN == nil:
		r.fail("architecture %q without experts, %s.%s 0, is %w", c.Arch, c.Arch, arch.KeyExperts, ErrUnsupported)
	}
	if c.NumExperts == 0 || r.err != nil {
		return
	}
	c.ExpertFFN = c.Layers[0].FFNDim
	if family.FFN == nil {
		c.ExpertFFN /= max(1, c.NumUsed)
	}
	c.ExpertFFN = r.count(arch.KeyExpertFFN, c.ExpertFFN, maxDim)
	c.SharedFFN = r.count(arch.KeySharedFFN, c.Layers[0].FFNDim, maxDim)
	c.PlainTopK = !r.flag(arch.KeyExpertNorm, !family.PlainTopK)
	if c.ExpertScale = float32(r.float(arch.KeyExpertScale, 1)); c.ExpertScale == 0 {
		c.ExpertScale = 1 // as llama.cpp takes it
	}
	const softmax = 1
	if how := r.count(arch.KeyExpertGating, softmax, math.MaxInt32); how > softmax {
		r.fail("%s.%s %d is %w, only %d, the softmax of the router's scores", c.Arch, arch.KeyExpertGating, how, ErrUnsupported, softmax)
	}
}

// family reads what the architecture a has a say in, after all else: windows, scales
// and caps.
func (r *reader) family(c *Config, a *arch.Arch) {
	r.windows(c, a)
	c.Rope.YaRN.Exact = a.ExactYaRN
	c.Activation = map[arch.Activation]ggml.Activation{arch.SiLU: ggml.SiLU, arch.GELU: ggml.GELU, arch.ClampedSwiGLU: ggml.ClampedSwiGLU}[a.Activation]
	c.AttnScale = float32(r.float(arch.KeyAttnScale, 0))
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
		c.ExpertScale *= c.ResidualScale // what experts give is added at once
	}
	c.TempScale = r.float(arch.KeyTempScale, 0)
	if a.Conv {
		r.convolutions(c)
	}
	if a.Delta {
		r.delta(c)
	}
	c.GatedQuery = a.GatedQuery
	for i := range c.Layers {
		if n := a.NoRopePeriod; n > 0 && i%n == n-1 {
			c.Layers[i].Turn = TurnNone
		}
	}
}

// convolutions finds the layers that have one in place of attention: those without key
// heads. Of a text before it, such a layer sees what its taps reach.
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

// windows takes the windows from the layers that have none, and says how those that have
// one turn.
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
		// It says so for every layer.
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

// pattern returns which of n layers have a window, where the file says so for each.
func (r *reader) pattern(n int) (windowed []bool, found bool) {
	return r.bools(arch.KeyWindowLayers, n)
}

// bools returns the n values of ARCH.key, where that is an array.
func (r *reader) bools(key string, n int) (list []bool, found bool) {
	key = r.arch + "." + key
	v, ok := r.file.Value(key)
	if !ok || v.Kind != gguf.KindArray || r.err != nil {
		return nil, false
	}
	list, _, err := r.file.Bools(key)
	switch {
	case err != nil:
		r.fail("%w", err)
	case len(list) != n:
		r.fail("key %q: %d values for %d layers", key, len(list), n)
	}
	return list, r.err == nil
}

// rope reads the position embedding of c, all but what the architecture says.
func (r *reader) rope(c *Config) ggml.RopeParams {
	p := ggml.RopeParams{
		Dim:        r.count(arch.KeyRopeDim, c.Layers[0].KeyDim, maxDim),
		Base:       r.float(arch.KeyRopeBase, 10000),
		Scaling:    ggml.Scaling(r.text(c.Arch + "." + arch.KeyRopeScaling)),
		Factor:     r.float(arch.KeyRopeFactor, r.float(arch.KeyRopeLinear, 0)),
		AttnFactor: r.float(arch.KeyRopeAttn, 0),
		OrigCtx:    r.count(arch.KeyRopeOrigCtx, c.TrainCtx, math.MaxInt32),
		YaRN: ggml.YaRN{
			Ext:      r.float(arch.KeyYarnExt, 1),
			Attn:     r.float(arch.KeyYarnAttn, 0),
			BetaFast: r.float(arch.KeyYarnBetaFast, 0),
			BetaSlow: r.float(arch.KeyYarnBetaSlow, 0),
			Log:      r.float(arch.KeyYarnLog, 0),
		},
	}
	if p.Scaling == "" {
		p.Scaling = ggml.ScalingLinear
	}
	if p.YaRN.Ext == 0 {
		p.YaRN.Ext = -1 // 0 stands for the default there
	}
	return p
}
