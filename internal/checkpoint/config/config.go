package config

import (
	"errors"
	"fmt"
	"math"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
)

// Model is the configuration of a checkpoint.
type Model struct {
	Arch   *arch.Arch
	Class  string       // the model's class, such as "LlamaForCausalLM"
	KV     []gguf.KV    // the keys of the architecture, ARCH.*
	Layers []arch.Sizes // the sizes of each layer; tensors outside of layers use the sizes of the first layer
	Vocab  int          // rows of the embedding; 0: the configuration does not say

	// KeysAsValues says for each layer whether the layer uses its keys,
	// before norm and rotation, as its values. Such a layer has no
	// matrix for values. If KeysAsValues is nil, there is no such layer.
	KeysAsValues []bool
	Config       Object // the text model's configuration, for other packages

	// These are divisors of RoPE's frequencies, or nil if there are none.
	RopeFreqs, RopeLong, RopeShort []float32

	// Notes describe differences from the reference converter, and properties that GGUF cannot
	// hold, one line each.
	Notes []string
}

// ErrUnsupported is the error for a configuration that is valid, but describes a model that this
// program cannot evaluate.
var ErrUnsupported = errors.New("not supported")

// Experts returns the number of experts of a layer, or 0 for none.
func (m *Model) Experts() int { return m.Layers[0].NumExperts }

// These are the largest number of layers and the largest dimension, as in package model.
const (
	maxLayers = 4096
	maxDim    = 1 << 24
)

// Read returns the Model for a Hugging Face config.json.
func Read(o Object) (*Model, error) {
	m := &Model{}
	classes := o.Texts("architectures")
	if err := o.Err(); err != nil {
		return nil, err
	}
	for _, c := range classes {
		if m.Arch = arch.FindHF(c); m.Arch != nil {
			m.Class = c
			break
		}
	}
	if m.Arch == nil {
		return nil, unknownClass(o, classes)
	}
	text := o
	for _, key := range []string{"text_config", "llm_config", "language_config"} {
		if o.IsObject(key) {
			text = o.With(o.Sub(key))
			break
		}
	}
	m.Config = defaults(m.Arch, text.Text("model_type")).With(text)
	m.Config.Name, m.Config.err = o.Name, o.err
	r := &reader{Object: m.Config, m: m}
	r.sizes()
	if err := o.Err(); err != nil {
		return nil, err
	}
	r.keys()
	r.family()
	if err := o.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// unknownClass returns the error for classes that no architecture has.
func unknownClass(o Object, classes []string) error {
	switch {
	case len(classes) == 0 && o.Has("model_type"):
		return fmt.Errorf("%s: no architectures, model_type %q: the model's class is unknown", o.Name, o.Text("model_type"))
	case len(classes) == 0:
		return fmt.Errorf("%s: no architectures: not the configuration of a model", o.Name)
	}
	return fmt.Errorf("%s: architecture %q is %w, only %s", o.Name, classes[0], ErrUnsupported, arch.Names())
}

// reader builds a Model from its configuration.
type reader struct {
	Object
	m *Model
}

// note adds a line to Notes.
func (r *reader) note(format string, args ...any) {
	r.m.Notes = append(r.m.Notes, fmt.Sprintf(format, args...))
}

// add sets a key of the architecture.
func (r *reader) add(key string, v gguf.Value) {
	key = r.m.Arch.Name + "." + key
	for i := range r.m.KV {
		if r.m.KV[i].Key == key {
			r.m.KV[i].Value = v
			return
		}
	}
	r.m.KV = append(r.m.KV, gguf.KV{Key: key, Value: v})
}

func (r *reader) addInt(key string, n int) {
	r.add(key, gguf.U32(uint32(min(int64(n), math.MaxUint32))))
}
func (r *reader) addFloat(key string, f float64) { r.add(key, gguf.F32(float32(f))) }

// count returns the number in key, which must be from 1 to limit. names are other names of the key.
func (r *reader) count(key string, limit int, names ...string) int {
	found := r.First(append([]string{key}, names...)...)
	if found == "" {
		r.Fail("%s is missing", key)
		return 1
	}
	n := r.Int(found, 0)
	if n < 1 || n > limit {
		r.Fail("%s is %d, want 1 to %d", found, n, limit)
		return 1
	}
	return n
}

// sizes reads the sizes of all layers.
func (r *reader) sizes() {
	a := r.m.Arch
	layers := r.count("num_hidden_layers", maxLayers, "n_layers", "n_layer", "num_layers")
	s := arch.Sizes{
		Dim:      r.count("hidden_size", maxDim, "n_embd", "dim"),
		NumHeads: r.count("num_attention_heads", maxDim, "n_head", "n_heads"),
		FFNDim:   r.count("intermediate_size", maxDim, "block_ff_dim", "n_inner", "hidden_dim"),
	}
	s.NumKVHeads = s.NumHeads
	if r.First("num_key_value_heads", "n_kv_heads", "n_head_kv") != "" {
		s.NumKVHeads = r.count("num_key_value_heads", maxDim, "n_kv_heads", "n_head_kv")
	}
	r.m.Vocab = r.Int("vocab_size", 0)
	s.VocabSize = r.m.Vocab
	s.KeyDim = s.Dim / s.NumHeads
	if r.Has("head_dim") && a != &arch.Granite && a != &arch.GraniteMoE { // the classes of these two architectures ignore head_dim
		s.KeyDim = r.count("head_dim", maxDim)
	}
	s.ValueDim = s.KeyDim
	if a.MoE != nil {
		r.experts(&s)
	}
	s.RopeDim = r.ropeDim(&s)
	if a.Conv {
		r.convSize(&s)
	}
	if a.Delta {
		r.deltaSizes(&s)
	}
	r.m.Layers = make([]arch.Sizes, layers)
	kinds := r.Texts("layer_types")
	if a.Conv && len(kinds) == 0 {
		kinds = r.convKinds(layers)
	}
	if len(kinds) > 0 && len(kinds) != layers {
		r.Fail("layer_types has %d entries for %d layers", len(kinds), layers)
		return
	}
	for i := range r.m.Layers {
		l := &r.m.Layers[i]
		*l = s
		switch {
		case a.Conv:
			if kinds[i] == "conv" {
				l.NumKVHeads = 0
			} else {
				l.Taps = 0
			}
		case a.Delta:
			l.Delta = len(kinds) > 0 && kinds[i] == "linear_attention" || len(kinds) == 0 && (i+1)%max(1, r.Int("full_attention_interval", 4)) != 0
			if !l.Delta {
				l.Taps = 0
			}
		}
	}
	if a.Windows.OwnHeads {
		r.ownHeads()
	}
}

// experts reads the sizes of experts, if there are any.
func (r *reader) experts(s *arch.Sizes) {
	if r.m.Arch == &arch.Gemma4 && !r.Bool("enable_moe_block", false) {
		return
	}
	key := r.First("num_local_experts", "num_experts", "n_routed_experts")
	if key == "" || r.Int(key, 0) == 0 {
		if r.m.Arch.FFN == nil || r.m.Arch == &arch.Gemma4 {
			r.Fail("num_experts is missing")
		}
		return
	}
	s.NumExperts = r.count(key, maxLayers)
	s.ExpertFFN = s.FFNDim
	if r.Has("moe_intermediate_size") {
		s.ExpertFFN = r.count("moe_intermediate_size", maxDim)
	}
	s.SharedFFN = s.FFNDim
	if r.Has("shared_expert_intermediate_size") {
		s.SharedFFN = r.count("shared_expert_intermediate_size", maxDim)
	}
	if r.Int("decoder_sparse_step", 1) != 1 || len(r.Floats("mlp_only_layers")) > 0 {
		r.Fail("models of layers with and without experts (decoder_sparse_step, mlp_only_layers) are %w", ErrUnsupported)
	}
	if r.Int("shared_intermediate_size", 0) > 0 {
		r.Fail("experts that all tokens share (shared_intermediate_size) are %w in %s", ErrUnsupported, r.m.Arch.Name)
	}
}

// convSize reads the sizes of short convolutions and of feed-forward networks (LFM 2). If
// block_auto_adjust_ff_dim is true, the size of a network is two thirds of the given number,
// multiplied by block_ffn_dim_multiplier, and rounded up to a multiple of block_multiple_of.
func (r *reader) convSize(s *arch.Sizes) {
	s.Taps = r.count("conv_L_cache", 64)
	if r.Has("block_ff_dim") {
		s.FFNDim = r.count("block_ff_dim", maxDim)
	}
	if !r.Bool("block_auto_adjust_ff_dim", true) {
		return
	}
	n := float64(2 * s.FFNDim / 3)
	n = math.Trunc(r.Float("block_ffn_dim_multiplier", 1) * n)
	step := r.Int("block_multiple_of", 256)
	if step < 1 || !(n >= 1 && n <= maxDim) {
		r.Fail("block_multiple_of %d and block_ffn_dim_multiplier %g give no size", step, r.Float("block_ffn_dim_multiplier", 1))
		return
	}
	s.FFNDim = step * ((int(n) + step - 1) / step)
}

// convKinds returns the kinds of all layers for a configuration that only lists the layers
// with attention.
func (r *reader) convKinds(layers int) []string {
	kinds := make([]string, layers)
	for i := range kinds {
		kinds[i] = "conv"
		if !r.Has("full_attn_idxs") {
			kinds[i] = "full_attention" // the class's default
		}
	}
	for _, i := range r.Floats("full_attn_idxs") {
		if i < 0 || int(i) >= layers {
			r.Fail("full_attn_idxs has %g, but there are only %d layers", i, layers)
			return kinds
		}
		kinds[int(i)] = "full_attention"
	}
	return kinds
}

// deltaSizes reads the sizes of gated delta rules (Qwen 3.5).
func (r *reader) deltaSizes(s *arch.Sizes) {
	s.Taps = r.count("linear_conv_kernel_dim", 64)
	s.SSMState = r.count("linear_key_head_dim", 1<<16)
	s.SSMGroups = r.count("linear_num_key_heads", 1<<16)
	s.SSMHeads = r.count("linear_num_value_heads", 1<<16)
	s.SSMInner = s.SSMHeads * r.count("linear_value_head_dim", 1<<16)
	if s.SSMHeads%s.SSMGroups != 0 {
		r.Fail("linear_num_value_heads %d is not a multiple of linear_num_key_heads %d", s.SSMHeads, s.SSMGroups)
	}
}
