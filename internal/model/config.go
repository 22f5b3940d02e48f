package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/fmath"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
)

// Config is a model's shape, which the metadata of its file define. ARCH is the value
// of general.architecture. Keys marked * may be arrays with a number for each layer:
//
//	Go name             GGUF key                                   default
//	Name                general.name                               ""
//	Arch                general.architecture                       required
//	TrainCtx            ARCH.context_length                        required
//	Dim                 ARCH.embedding_length                      required
//	NumLayers           ARCH.block_count                           required
//	NormEps             ARCH.attention.layer_norm_rms_epsilon,     required
//	                    ARCH.attention.layer_norm_epsilon (LayerNorm)
//	NumExperts          ARCH.expert_count                          0: none
//	NumUsed             ARCH.expert_used_count                     required with experts
//	ExpertFFN           ARCH.expert_feed_forward_length            FFNDim; for Qwen FFNDim/NumUsed
//	SharedFFN           ARCH.expert_shared_feed_forward_length     FFNDim
//	PlainTopK           ARCH.expert_weights_norm, inverted         the architecture's
//	ExpertScale         ARCH.expert_weights_scale                  1
//	Layers.FFNDim       ARCH.feed_forward_length *                 required
//	Layers.NumHeads     ARCH.attention.head_count *                required
//	Layers.NumKVHeads   ARCH.attention.head_count_kv *             NumHeads
//	Layers.KeyDim       ARCH.attention.key_length *                Dim/NumHeads
//	Layers.ValueDim     ARCH.attention.value_length *              Dim/NumHeads
//	Layers.Window       ARCH.attention.sliding_window *,           0: none
//	                    ARCH.attention.sliding_window_pattern *    the architecture's
//	                    for layers with a window in some architectures: .key_length_swa, .value_length_swa
//	Layers.KVOf         ARCH.attention.shared_kv_layers            0: every layer has its own keys
//	LayerInput          ARCH.embedding_length_per_layer_input      0: layers have no inputs of their own
//	Layers.Taps         ARCH.shortconv.l_cache                     required if a layer has no key heads
//	AttnScale           ARCH.attention.scale                       0: 1/sqrt(KeyDim)
//	AttnCap             ARCH.attn_logit_softcapping                the architecture's
//	LogitCap            ARCH.final_logit_softcapping               the architecture's
//	LocalRope.Base      ARCH.rope.freq_base_swa                    the architecture's
//	LocalRope.Dim       ARCH.rope.dimension_count_swa              Rope.Dim, or key_length_swa
//	EmbedScale          ARCH.embedding_scale                       0: 1; for Gemma always sqrt(Dim)
//	Delta               ARCH.ssm.conv_kernel, .state_size, .group_count, .time_step_rank, .inner_size
//	Layers.Delta        ARCH.attention.recurrent_layers *          all but every fourth, or
//	                                                               every ARCH.full_attention_interval
//	TempScale           ARCH.attention.temperature_scale           0: none
//	ResidualScale       ARCH.residual_scale                        0: 1
//	LogitScale          ARCH.logit_scale                           0: 1
//	Rope.Dim            ARCH.rope.dimension_count                  KeyDim
//	Rope.Base           ARCH.rope.freq_base                        10000
//	Rope.Scaling        ARCH.rope.scaling.type                     linear
//	Rope.Factor         ARCH.rope.scaling.factor,                  1
//	                    ARCH.rope.scale_linear (2023)
//	Rope.AttnFactor     ARCH.rope.scaling.attn_factor              1
//	Rope.OrigCtx        ARCH.rope.scaling.original_context_length  TrainCtx
//	Rope.YaRN.Ext       ARCH.rope.scaling.yarn_ext_factor          1
//	Rope.YaRN.Attn      ARCH.rope.scaling.yarn_attn_factor         1 + 0.1 ln Factor
//	Rope.YaRN.BetaFast  ARCH.rope.scaling.yarn_beta_fast           32
//	Rope.YaRN.BetaSlow  ARCH.rope.scaling.yarn_beta_slow           1
//	Rope.YaRN.Log       ARCH.rope.scaling.yarn_log_multiplier      0: none
//
// VocabSize is the number of rows of the embedding. Rope.Halves and Activation depend only on
// the architecture. Rope.FreqFactors is the tensor rope_freqs.weight or, in models with two
// tables, rope_factors_short.weight: see Model.ropesFor.
type Config struct {
	Name, Arch string

	TrainCtx  int // context length of the training, in tokens
	Dim       int // elements of a token's hidden state
	NumLayers int
	VocabSize int
	NormEps   float32 // epsilon of the norms

	NumExperts int // experts of a layer; 0: one feed-forward network without a router
	NumUsed    int // how many experts the router chooses for a token
	ExpertFFN  int // elements of an expert's inner state
	SharedFFN  int // elements of the inner state of the expert that all tokens use, if there is one

	PlainTopK   bool    // the weights of the chosen experts are not divided by their sum
	ExpertScale float32 // factor of the weights of the chosen experts

	// TempScale makes queries grow with their position,
	// see Temperature. If it is 0, queries do not grow.
	TempScale float64
	// ResidualScale is the factor of the outputs of attention and feed-forward networks; 0: 1.
	ResidualScale float32
	// LogitScale divides the logits; 0: 1.
	LogitScale float32

	LayerInput int // elements of the layers' own inputs for each token; 0: no such inputs

	Activation ggml.Activation // activation of the feed-forward networks

	EmbedScale float32 // factor of a token's row of the embedding; 0: 1
	AttnScale  float32 // factor of attention's scores; 0: 1/sqrt(KeyDim)
	AttnCap    float32 // soft cap of attention's scores; 0: none
	LogitCap   float32 // soft cap of the logits; 0: none

	Delta      ggml.DeltaShape // shape of layers with a gated delta rule
	GatedQuery bool            // the output of attention is multiplied by gates, which AttnQ computes together with the queries

	Layers []LayerConfig // [NumLayers]

	Rope      ggml.RopeParams
	LocalRope ggml.RopeParams // position embedding of layers with TurnLocal
}

// Turn says how the queries and keys of a layer are rotated to their positions.
type Turn int

const (
	TurnGlobal Turn = iota // with Config.Rope
	TurnLocal              // with Config.LocalRope
	TurnNone               // they are not rotated
)

// LayerConfig is the shape of one layer.
type LayerConfig struct {
	NumHeads   int // query heads
	NumKVHeads int // key and value heads; each serves NumHeads/NumKVHeads query heads
	KeyDim     int // elements of a head of queries and keys
	ValueDim   int // elements of a head of values
	FFNDim     int // elements of the inner state of a feed-forward network
	Window     int // positions that a token sees, itself included; 0: all
	Turn       Turn
	KVOf       int  // 1 + the number of the earlier layer whose keys and values this layer uses; 0: it has its own
	Taps       int  // positions of the short convolution that the layer has instead of attention; 0: it has none
	Delta      bool // the layer has a gated delta rule instead of attention
}

// Sizes returns the sizes that define the shapes of a layer's tensors.
func (c *Config) Sizes(layer int) arch.Sizes { return c.sizes(&c.Layers[layer]) }

// sizes returns the sizes that define the shapes of a layer's tensors. The shapes
// of tensors outside of the layers can be computed with the sizes of any layer.
func (c *Config) sizes(l *LayerConfig) arch.Sizes {
	d, taps := &c.Delta, l.Taps
	if l.Delta {
		taps = d.Taps
	}
	return arch.Sizes{
		LayerInput: c.LayerInput, AllInputs: c.LayerInput * c.NumLayers, SharedKV: l.KVOf > 0,
		Delta: l.Delta, SSMState: d.Key, SSMGroups: d.KeyHeads, SSMHeads: d.Heads, SSMInner: d.Heads * d.Value,
		VocabSize: c.VocabSize, Dim: c.Dim, FFNDim: l.FFNDim, NumHeads: l.NumHeads, NumKVHeads: l.NumKVHeads,
		KeyDim: l.KeyDim, ValueDim: l.ValueDim, NumExperts: c.NumExperts, ExpertFFN: c.ExpertFFN, SharedFFN: c.SharedFFN, RopeDim: c.Rope.Dim, Taps: taps,
	}
}

// Temperature returns the factor of the queries at position pos. The factor is
// 1 for positions below Rope.OrigCtx, and grows logarithmically after that.
func (c *Config) Temperature(pos int) float32 {
	return float32(1 + float64(c.TempScale*fmath.LogSeries(float64(1+pos/max(1, c.Rope.OrigCtx)))))
}

// most applies a function to each layer and returns the largest result.
func (c *Config) most(of func(l *LayerConfig) int) int {
	n := 0
	for i := range c.Layers {
		n = max(n, of(&c.Layers[i]))
	}
	return n
}

// ErrUnsupported is wrapped by errors about valid models that this program cannot evaluate.
var ErrUnsupported = errors.New("not supported")

// These are upper bounds for numbers in the metadata. They are far above the
// numbers of all known models. The product of any two bounds fits an int64.
const (
	maxDim     = 1 << 24
	maxLayers  = 4096
	maxExperts = 4096
)

// ReadConfig reads and checks a file's metadata. If this program cannot evaluate the
// architecture, the error wraps ErrUnsupported.
func ReadConfig(f *gguf.File) (Config, error) {
	r := reader{file: f}
	c := Config{Arch: r.text("general.architecture"), Name: r.text("general.name")}
	if r.err == nil && c.Arch == "" {
		r.fail("no key %q: this file is not a model, or only a part of a model", "general.architecture")
	}
	family := arch.Find(c.Arch)
	if r.err == nil && family == nil {
		r.fail("architecture %q is %w, only %s", c.Arch, ErrUnsupported, arch.Names())
	}
	r.arch = c.Arch
	c.TrainCtx = r.count(arch.KeyContext, required, math.MaxInt32)
	c.Dim = r.count(arch.KeyEmbd, required, maxDim)
	c.NumLayers = r.count(arch.KeyLayers, required, maxLayers)
	if r.err == nil {
		c.NormEps = float32(r.float(family.NormEps(), math.NaN()))
	}
	c.NumExperts = r.count(arch.KeyExperts, 0, maxExperts)
	c.NumUsed = r.count(arch.KeyExpertsUsed, 0, maxExperts)
	c.Layers = r.layers(c.NumLayers, c.Dim)
	r.experts(&c, family)
	if !r.flag(arch.KeyCausal, true) {
		r.fail("%s.%s is false: an encoder, whose tokens see later tokens, is %w", c.Arch, arch.KeyCausal, ErrUnsupported)
	}
	if n := r.count(arch.KeyNextN, 0, maxLayers); n > 0 {
		r.fail("%s.%s is %d: layers that predict further tokens are %w; conversion can leave them out", c.Arch, arch.KeyNextN, n, ErrUnsupported)
	}
	if r.err == nil && c.NumLayers > 0 {
		c.Rope = r.rope(&c)
		c.Rope.Halves = family.Rotation == arch.Halves
		r.family(&c, family)
	}
	if key := new(gguf.KeyError); errors.As(r.err, &key) {
		return Config{}, fmt.Errorf("model: %w", r.err)
	} else if r.err != nil {
		return Config{}, fmt.Errorf("model: %s: %w", f.Path, r.err)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("model: %s: %w", f.Path, err)
	}
	return c, nil
}

// check returns an error if values are out of range or contradict each other.
func (c *Config) check() error {
	if err := c.positive([]namedCount{
		{arch.KeyContext, c.TrainCtx}, {arch.KeyEmbd, c.Dim}, {arch.KeyLayers, c.NumLayers},
	}); err != nil {
		return err
	}
	for i := range c.Layers {
		if i > 0 && c.Layers[i] == c.Layers[0] {
			continue
		}
		if err := c.checkLayer(&c.Layers[i]); err != nil && i > 0 {
			return fmt.Errorf("layer %d: %w", i, err)
		} else if err != nil {
			return err
		}
	}
	switch {
	case !(c.NormEps >= 0 && c.NormEps < 1):
		return fmt.Errorf("%s.%s is %v, must be between 0 and 1", c.Arch, arch.Find(c.Arch).NormEps(), c.NormEps)
	case !slices.Contains(ggml.Scalings, c.Rope.Scaling):
		return fmt.Errorf("%s.%s %q is %w, only %s", c.Arch, arch.KeyRopeScaling, c.Rope.Scaling, ErrUnsupported, fmt.Sprint(ggml.Scalings))
	case !(c.AttnScale >= 0 && c.AttnCap >= 0 && c.LogitCap >= 0):
		return fmt.Errorf("%s.%s, %s and %s are %v, %v and %v, must not be negative",
			c.Arch, arch.KeyAttnScale, arch.KeyAttnCap, arch.KeyLogitCap, c.AttnScale, c.AttnCap, c.LogitCap)
	case c.NumExperts > 0 && (c.NumUsed <= 0 || c.NumUsed > c.NumExperts):
		return fmt.Errorf("%s.%s is %d, must be between 1 and the %d experts", c.Arch, arch.KeyExpertsUsed, c.NumUsed, c.NumExperts)
	case c.NumExperts > 0 && (c.ExpertFFN <= 0 || c.SharedFFN <= 0):
		return fmt.Errorf("%s.%s is %d and %s.%s is %d: both must be positive", c.Arch, arch.KeyExpertFFN, c.ExpertFFN, c.Arch, arch.KeySharedFFN, c.SharedFFN)
	}
	return nil
}

// checkLayer returns an error if values of a layer are out of range or contradict each other.
func (c *Config) checkLayer(l *LayerConfig) error {
	if l.Taps > 0 || l.Delta {
		return c.positive([]namedCount{{arch.KeyFFN, l.FFNDim}})
	}
	if err := c.positive([]namedCount{
		{arch.KeyFFN, l.FFNDim}, {arch.KeyHeads, l.NumHeads}, {arch.KeyKVHeads, l.NumKVHeads},
		{arch.KeyKeyLength, l.KeyDim}, {arch.KeyValueLength, l.ValueDim},
	}); err != nil {
		return err
	}
	if c.GatedQuery {
		if err := c.checkGated(l); err != nil {
			return err
		}
	}
	switch {
	case l.NumHeads%l.NumKVHeads != 0:
		return fmt.Errorf("%d query heads cannot share %d key heads: the first number must be a multiple of the second", l.NumHeads, l.NumKVHeads)
	case c.Dim%l.NumHeads != 0 && (l.KeyDim == c.Dim/l.NumHeads || l.ValueDim == c.Dim/l.NumHeads): // KeyDim or ValueDim is the default
		return fmt.Errorf("an embedding of %d cannot be divided among %d heads", c.Dim, l.NumHeads)
	case int64(l.NumHeads)*int64(max(l.KeyDim, l.ValueDim)) > maxDim:
		return fmt.Errorf("%d heads of %d and %d elements: they may have at most %d elements in all", l.NumHeads, l.KeyDim, l.ValueDim, maxDim)
	case l.Turn == TurnGlobal && c.Rope.Dim > l.KeyDim:
		return fmt.Errorf("%s.%s is %d, must be at most the head size, %d", c.Arch, arch.KeyRopeDim, c.Rope.Dim, l.KeyDim)
	case l.Turn == TurnLocal && c.LocalRope.Dim > l.KeyDim:
		return fmt.Errorf("%s.%s is %d, must be at most the head size of layers with a window, %d", c.Arch, arch.KeyRopeDimLocal, c.LocalRope.Dim, l.KeyDim)
	}
	return nil
}
