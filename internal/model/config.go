package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
)

// Config is a model's shape, as its file's metadata say. ARCH is the value of
// general.architecture:
//
//	Go name        GGUF key                                   default
//	Name           general.name                               ""
//	Arch           general.architecture                       required
//	TrainCtx       ARCH.context_length                        required
//	Dim            ARCH.embedding_length                      required
//	NumLayers      ARCH.block_count                           required
//	FFNDim         ARCH.feed_forward_length                   required
//	NumHeads       ARCH.attention.head_count                  required
//	NumKVHeads     ARCH.attention.head_count_kv               NumHeads
//	KeyDim         ARCH.attention.key_length                  Dim/NumHeads
//	ValueDim       ARCH.attention.value_length                Dim/NumHeads
//	NormEps        ARCH.attention.layer_norm_rms_epsilon      required
//	Window         ARCH.attention.sliding_window              0: none
//	NumExperts     ARCH.expert_count                          0: none
//	NumUsed        ARCH.expert_used_count                     required with experts
//	Rope.Dim       ARCH.rope.dimension_count                  KeyDim
//	Rope.Base      ARCH.rope.freq_base                        10000
//	Rope.Scaling   ARCH.rope.scaling.type                     linear
//	Rope.Factor    ARCH.rope.scaling.factor,                  1
//	               ARCH.rope.scale_linear (2023)
//	Rope.AttnFactor  ARCH.rope.scaling.attn_factor            1
//	Rope.OrigCtx   ARCH.rope.scaling.original_context_length  TrainCtx
//
// VocabSize is the number of rows of the embedding, and Rope.FreqFactors is the
// tensor rope_freqs.weight.
type Config struct {
	Name, Arch string

	TrainCtx  int // context length of the training, in tokens
	Dim       int // elements of a token's hidden state
	NumLayers int
	FFNDim    int // elements of the feed-forward network's inner state
	VocabSize int

	NumHeads   int     // query heads
	NumKVHeads int     // key and value heads; each serves NumHeads/NumKVHeads query heads
	KeyDim     int     // elements of a head of queries and keys
	ValueDim   int     // elements of a head of values
	NormEps    float32 // added to the mean square by RMSNorm
	Window     int     // positions that a token sees, itself included; 0: all

	NumExperts int // feed-forward networks of a layer among which a router chooses; 0: one, without router
	NumUsed    int // how many of them a token uses

	Rope ggml.RopeParams
}

// ErrUnsupported is wrapped by errors about models that this program does not
// know how to evaluate, however valid their files are.
var ErrUnsupported = errors.New("not supported")

// archs are the architectures that forward evaluates.
var archs = []string{"llama"}

// Bounds of what is read. They are far above all models known, and low enough
// that products of two fit an int64.
const (
	maxDim     = 1 << 24
	maxLayers  = 4096
	maxExperts = 4096
)

// ReadConfig reads and checks a file's metadata. An architecture that cannot be
// evaluated is an error that wraps ErrUnsupported.
func ReadConfig(f *gguf.File) (Config, error) {
	r := reader{file: f}
	c := Config{Arch: r.text("general.architecture"), Name: r.text("general.name")}
	if r.err == nil && c.Arch == "" {
		r.fail("no key %q: not a model, or a part of one", "general.architecture")
	}
	if r.err == nil && !slices.Contains(archs, c.Arch) {
		r.fail("architecture %q is %w, only %s", c.Arch, ErrUnsupported, strings.Join(archs, ", "))
	}
	r.arch = c.Arch
	c.TrainCtx = r.count("context_length", required, math.MaxInt32)
	c.Dim = r.count("embedding_length", required, maxDim)
	c.NumLayers = r.count("block_count", required, maxLayers)
	c.FFNDim = r.count("feed_forward_length", required, maxDim)
	c.NumHeads = r.count("attention.head_count", required, maxDim)
	c.NumKVHeads = r.count("attention.head_count_kv", c.NumHeads, maxDim)
	c.KeyDim = r.count("attention.key_length", c.Dim/max(1, c.NumHeads), maxDim)
	c.ValueDim = r.count("attention.value_length", c.Dim/max(1, c.NumHeads), maxDim)
	c.NormEps = float32(r.float("attention.layer_norm_rms_epsilon", math.NaN()))
	c.Window = r.count("attention.sliding_window", 0, math.MaxInt32)
	c.NumExperts = r.count("expert_count", 0, maxExperts)
	c.NumUsed = r.count("expert_used_count", 0, maxExperts)
	c.Rope = ggml.RopeParams{
		Dim:        r.count("rope.dimension_count", c.KeyDim, maxDim),
		Base:       r.float("rope.freq_base", 10000),
		Factor:     r.float("rope.scaling.factor", r.float("rope.scale_linear", 0)),
		AttnFactor: r.float("rope.scaling.attn_factor", 0),
		OrigCtx:    r.count("rope.scaling.original_context_length", c.TrainCtx, math.MaxInt32),
	}
	if c.Rope.Scaling = ggml.Scaling(r.text(c.Arch + ".rope.scaling.type")); c.Rope.Scaling == "" {
		c.Rope.Scaling = ggml.ScalingLinear
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

// check returns an error if the numbers do not go together.
func (c *Config) check() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"context_length", c.TrainCtx}, {"embedding_length", c.Dim}, {"block_count", c.NumLayers},
		{"feed_forward_length", c.FFNDim}, {"attention.head_count", c.NumHeads},
		{"attention.head_count_kv", c.NumKVHeads}, {"attention.key_length", c.KeyDim},
		{"attention.value_length", c.ValueDim},
	} {
		if n.value <= 0 {
			return fmt.Errorf("%s.%s is %d, must be positive", c.Arch, n.name, n.value)
		}
	}
	switch {
	case c.NumHeads%c.NumKVHeads != 0:
		return fmt.Errorf("%d query heads cannot share %d key heads: no whole number each", c.NumHeads, c.NumKVHeads)
	case c.Dim%c.NumHeads != 0 && (c.KeyDim == c.Dim/c.NumHeads || c.ValueDim == c.Dim/c.NumHeads): // a length that the file does not give
		return fmt.Errorf("an embedding of %d cannot be divided among %d heads", c.Dim, c.NumHeads)
	case int64(c.NumHeads)*int64(max(c.KeyDim, c.ValueDim)) > maxDim:
		return fmt.Errorf("%d heads of %d and %d elements, at most %d in all", c.NumHeads, c.KeyDim, c.ValueDim, maxDim)
	case !(c.NormEps >= 0 && c.NormEps < 1):
		return fmt.Errorf("%s.attention.layer_norm_rms_epsilon is %v, must be between 0 and 1", c.Arch, c.NormEps)
	case c.Rope.Dim != c.KeyDim:
		return fmt.Errorf("%s.rope.dimension_count is %d, must be the head size, %d", c.Arch, c.Rope.Dim, c.KeyDim)
	case c.Rope.Scaling != ggml.ScalingNone && c.Rope.Scaling != ggml.ScalingLinear && c.Rope.Scaling != ggml.ScalingYaRN && c.Rope.Scaling != ggml.ScalingNTK:
		return fmt.Errorf("%s.rope.scaling.type %q is %w, only none, linear, yarn and ntk", c.Arch, c.Rope.Scaling, ErrUnsupported)
	case c.NumExperts > 0 && (c.NumUsed <= 0 || c.NumUsed > c.NumExperts):
		return fmt.Errorf("%s.expert_used_count is %d, must be between 1 and the %d experts", c.Arch, c.NumUsed, c.NumExperts)
	}
	return nil
}

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

// count returns the number of ARCH.key, between 0 and most. Some files have an
// array with a number for each layer: it must be the same for all.
func (r *reader) count(key string, def, most int) int {
	if r.err != nil {
		return 0
	}
	key = r.arch + "." + key
	v, found := r.file.Value(key)
	if !found {
		if def == required {
			r.fail("no key %q", key)
		}
		return def
	}
	var n uint64
	var err error
	if v.Kind == gguf.KindArray {
		n, err = r.uniform(key)
	} else {
		n, _, err = r.file.Uint(key)
	}
	if err != nil {
		r.fail("%w", err)
		return 0
	}
	if n > uint64(most) {
		r.fail("key %q: %d, at most %d", key, n, most)
		return 0
	}
	return int(n)
}

// uniform returns the number that all elements of an array are.
func (r *reader) uniform(key string) (uint64, error) {
	list, _, err := r.file.Ints(key)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 || list[0] < 0 {
		return 0, fmt.Errorf("key %q: want a number that is not negative", key)
	}
	for _, n := range list {
		if n != list[0] {
			return 0, fmt.Errorf("key %q: layers that differ (%d and %d) are %w", key, list[0], n, ErrUnsupported)
		}
	}
	return uint64(list[0]), nil
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
