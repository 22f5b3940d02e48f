package config

import (
	"math"
	"slices"
	"strconv"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
)

// localLayers returns which layers of Gemma 4 have a window. If the
// configuration does not list them, all layers have a window except every sixth
// layer. The last layer never has a window, as in the class of transformers.
func (r *reader) localLayers() []bool {
	local := make([]bool, len(r.m.Layers))
	kinds := r.Texts("layer_types")
	period := r.m.Arch.Windows.Period
	for i := range local {
		local[i] = i%period != period-1
		if len(kinds) == len(local) {
			local[i] = kinds[i] == "sliding_attention"
		}
	}
	local[len(local)-1] = false
	return local
}

// ownHeads sets the sizes that differ among the layers of Gemma 4. Layers without a window have
// heads of other sizes than layers with a window. The last layers have no keys and values of their
// own. In some models, the feed-forward networks of these last layers have twice the size.
func (r *reader) ownHeads() {
	layers, local := r.m.Layers, r.localLayers()
	own := len(layers) - r.Int("num_kv_shared_layers", 0)
	input := r.Int("hidden_size_per_layer_input", 0)
	if own < 1 || input > maxDim/len(layers) {
		r.Fail("num_kv_shared_layers %d and hidden_size_per_layer_input %d do not fit a model of %d layers", len(layers)-own, input, len(layers))
		return
	}
	wide, valueless := r.Bool("use_double_wide_mlp", false), r.Bool("attention_k_eq_v", false)
	for i := range layers {
		l := &layers[i]
		l.LayerInput, l.AllInputs = input, input*len(layers)
		if l.SharedKV = i >= own; l.SharedKV && wide {
			l.FFNDim *= 2
		}
		r.headsOf(i, local[i], valueless, l)
		r.m.KeysAsValues = append(r.m.KeysAsValues, valueless && !local[i])
	}
	for i := range layers {
		layers[i].RopeDim = layers[len(layers)-1].KeyDim // the tensor of divisors is for layers without a window, such as the last layer
		j := own - 1
		for i >= own && j >= 0 && local[j] != local[i] {
			j--
		}
		if j < 0 {
			r.Fail("num_kv_shared_layers is %d: no layer among the first %d has keys for layer %d", len(layers)-own, own, i)
		}
	}
}

// headsOf sets the sizes of layer i's heads from per_layer_config. A config.json
// without per_layer_config has separate keys for the heads of layers without a window.
func (r *reader) headsOf(i int, local, valueless bool, l *arch.Sizes) {
	if !r.Has("per_layer_config") {
		if !local {
			l.KeyDim = r.Int("global_head_dim", 512)
			if valueless && r.Has("num_global_key_value_heads") {
				l.NumKVHeads = r.count("num_global_key_value_heads", maxDim)
			}
		}
	} else if all := r.Sub("per_layer_config"); all.Has(strconv.Itoa(i)) {
		o := all.Sub(strconv.Itoa(i))
		for _, key := range o.Keys() {
			switch key {
			case "head_dim":
				l.KeyDim = o.Int(key, l.KeyDim)
			case "num_key_value_heads":
				l.NumKVHeads = o.Int(key, l.NumKVHeads)
			default: // another key of the class, which this program does not support
				r.Fail("per_layer_config of layer %d has %q, which is %w", i, key, ErrUnsupported)
			}
		}
	}
	if l.KeyDim < 2 || l.KeyDim > maxDim || l.NumKVHeads < 1 || l.NumKVHeads > maxDim {
		r.Fail("layer %d has %d key heads of %d elements, want 1 to %d heads of 2 to %d elements", i, l.NumKVHeads, l.KeyDim, maxDim, maxDim)
	}
	l.ValueDim = l.KeyDim
}

// gemma4 adds the keys that only Gemma 4 has.
func (r *reader) gemma4() {
	layers, local := r.m.Layers, r.localLayers()
	full := &layers[len(layers)-1]
	localDim := r.Int("head_dim", full.KeyDim)
	ffn, heads := make([]int32, len(layers)), make([]int32, len(layers))
	alike, shared := true, 0
	for i := range layers {
		l, want := &layers[i], full.KeyDim
		if local[i] {
			want = localDim
		}
		if l.KeyDim != want {
			r.Fail("layer %d has heads of %d elements, other layers of its kind have heads of %d: this is %w", i, l.KeyDim, want, ErrUnsupported)
			return
		}
		ffn[i], heads[i] = int32(l.FFNDim), int32(l.NumKVHeads)
		alike = alike && heads[i] == heads[0]
		if l.SharedKV {
			shared++
		}
	}
	if r.Bool("use_double_wide_mlp", false) {
		r.add(arch.KeyFFN, gguf.I32s(ffn))
	}
	if !alike {
		r.add(arch.KeyKVHeads, gguf.I32s(heads))
	}
	for _, x := range []struct {
		key string
		n   int
	}{
		{arch.KeyKeyLength, full.KeyDim}, {arch.KeyValueLength, full.ValueDim}, {arch.KeyRopeDim, full.KeyDim},
		{arch.KeyKeyLocal, localDim}, {arch.KeyValueLocal, localDim}, {arch.KeyRopeDimLocal, localDim},
		{arch.KeySharedKV, shared}, {arch.KeyLayerInput, full.LayerInput},
	} {
		r.addInt(x.key, x.n)
	}
	if slices.Contains(local, true) {
		r.count("sliding_window", math.MaxInt32)
	}
	if kind := ropeType(r.Sub("rope_parameters").Sub("sliding_attention")); kind != "default" {
		r.Fail("rope scaling %q of layers with a window is %w", kind, ErrUnsupported)
	}
}

// proportional sets the divisors of RoPE's frequencies for layers without a window
// (Gemma 4). Only the first pairs of a head rotate: the part partial_rotary_factor
// of all pairs. The other pairs have such a large divisor that their angles are 0
// at all positions. Source: _compute_proportional_rope_parameters of transformers.
func (r *reader) proportional(p Object) {
	const still = 1e30
	pairs, part, factor := r.m.Layers[0].RopeDim/2, p.Float("partial_rotary_factor", 1), p.Float("factor", 1)
	switch kind := ropeType(p); kind {
	case "proportional":
	case "default": // this type uses neither part nor factor, but llama.cpp needs divisors in every model of Gemma 4
		part, factor = 1, 1
	default:
		r.Fail("rope scaling %q is %w in %s", kind, ErrUnsupported, r.m.Arch.Name)
	}
	if !(factor > 0) {
		r.Fail("factor of rope_parameters is %g, want a positive number", factor)
	}
	r.m.RopeFreqs = make([]float32, pairs)
	for i := range r.m.RopeFreqs {
		r.m.RopeFreqs[i] = float32(factor)
		if i >= int(part*float64(2*pairs)/2) {
			r.m.RopeFreqs[i] = still
		}
	}
}
