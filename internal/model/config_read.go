package model

import (
	"fmt"
	"math"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/gguf"
)

// reader reads values from the metadata of a file, and keeps the first error.
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

// text returns the string of a key, or "" if the key is absent.
func (r *reader) text(key string) string {
	s, _, err := r.file.String(key)
	if err != nil {
		r.fail("%w", err)
	}
	return s
}

// required is a value for the parameter def: it makes a missing key an error.
const required = -1

// count returns the number at ARCH.key, which must be between 0 and most, or def if the key is
// absent. A few files have an array with the same number for every layer instead.
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

// counts returns a number for each of n layers, read from ARCH.key. Each
// number must be between 0 and most. The file has an array, or one number for
// all layers. If n is 0, counts returns all numbers of the file, which must
// have at least one. found is false if the key is absent, or after an error.
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
			r.fail("key %q: the array is empty, want a number for each layer", key)
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

// flag returns the bool of ARCH.key, or def if the key is absent.
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

// float returns the number of ARCH.key, or def if the key is absent. If def is NaN, the key is
// required.
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

// bools returns the n values of ARCH.key. found is false if the key is absent or not an array.
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

// layers reads the keys that may have an integer for each layer.
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

// rope reads the parameters of the position embedding from the metadata.
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
		p.YaRN.Ext = -1 // a negative Ext stands for 0, because 0 itself stands for the default (ggml.YaRN)
	}
	return p
}

// namedCount is a number with its key in the metadata.
type namedCount struct {
	key   string
	value int
}

func (c *Config) positive(list []namedCount) error {
	for _, n := range list {
		if n.value <= 0 {
			return fmt.Errorf("%s.%s is %d, must be positive", c.Arch, n.key, n.value)
		}
	}
	return nil
}
