package config

import (
	"math"

	"alpaca/internal/arch"
)

// ReadMeta returns the Model for Meta's params.json. ffn is the size of the feed-forward
// network, which params.json lacks.
func ReadMeta(o Object, ffn int) (*Model, error) {
	m := &Model{Arch: &arch.Llama, Config: o}
	r := &reader{Object: o, m: m}
	layers := r.count("n_layers", maxLayers)
	s := arch.Sizes{Dim: r.count("dim", maxDim), FFNDim: ffn, NumHeads: r.count("n_heads", maxDim)}
	s.NumKVHeads = s.NumHeads
	if o.Has("n_kv_heads") {
		s.NumKVHeads = r.count("n_kv_heads", maxDim)
	}
	if o.IsObject("moe") || o.Has("moe_args") {
		r.Fail("experts are %w in Meta's form", ErrUnsupported)
	}
	s.KeyDim = s.Dim / s.NumHeads
	if o.Has("head_dim") {
		s.KeyDim = r.count("head_dim", maxDim)
	}
	s.ValueDim, s.RopeDim = s.KeyDim, s.KeyDim
	base := o.Float("rope_theta", 10000)
	if o.Bool("use_scaled_rope", false) { // Llama 3.1 and 3.2; the numbers are from Meta's code
		m.Layers = []arch.Sizes{s}
		factor := o.Float("rope_scaling_factor", 8)
		r.llama3(Object{Name: o.Name, err: o.err, fields: map[string]any{}}.With(o, numbers(o, map[string]float64{
			"rope_theta": base, "factor": factor, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192,
		})))
	}
	m.Layers = make([]arch.Sizes, layers)
	for i := range m.Layers {
		m.Layers[i] = s
	}
	r.addInt(arch.KeyLayers, layers)
	r.addInt(arch.KeyContext, metaContext(o, base))
	r.addInt(arch.KeyEmbd, s.Dim)
	r.addInt(arch.KeyFFN, s.FFNDim)
	r.addInt(arch.KeyHeads, s.NumHeads)
	r.addInt(arch.KeyKVHeads, s.NumKVHeads)
	if s.KeyDim*s.NumHeads != s.Dim {
		r.addInt(arch.KeyKeyLength, s.KeyDim)
		r.addInt(arch.KeyValueLength, s.ValueDim)
	}
	r.addInt(arch.KeyRopeDim, s.RopeDim)
	r.addFloat(arch.KeyRopeBase, base)
	r.addFloat(arch.KeyNormEps, r.normEps())
	return m, o.Err()
}

// metaContext returns the training context of one of Meta's models. params.json does not give the
// context, so metaContext recognizes the generation of the model by other values in the file.
func metaContext(o Object, base float64) int {
	switch {
	case o.Has("max_seq_len"):
		return min(o.Int("max_seq_len", 0), math.MaxInt32)
	case o.Bool("use_scaled_rope", false):
		return 131072
	case base == 500000:
		return 8192
	case base == 1000000: // Code Llama
		return 16384
	case o.Float("norm_eps", 0) == 1e-5: // LLaMA 2
		return 4096
	}
	return 2048
}
