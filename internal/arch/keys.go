package arch

// These metadata keys determine shapes and computations. They lack the prefix "ARCH.".
const (
	KeyVocabSize    = "vocab_size"
	KeyContext      = "context_length"
	KeyEmbd         = "embedding_length"
	KeyLayers       = "block_count"
	KeyFFN          = "feed_forward_length"
	KeyHeads        = "attention.head_count"
	KeyKVHeads      = "attention.head_count_kv"
	KeyKeyLength    = "attention.key_length"
	KeyValueLength  = "attention.value_length"
	KeyKeyLocal     = "attention.key_length_swa"   // in layers with a sliding window
	KeyValueLocal   = "attention.value_length_swa" // in layers with a sliding window
	KeySharedKV     = "attention.shared_kv_layers" // number of layers at the end that have no keys of their own
	KeyLayerInput   = "embedding_length_per_layer_input"
	KeyNormEps      = "attention.layer_norm_rms_epsilon"
	KeyLayerNormEps = "attention.layer_norm_epsilon"
	KeyTempScale    = "attention.temperature_scale"
	KeyEmbedScale   = "embedding_scale"
	KeyResidual     = "residual_scale"
	KeyLogitScale   = "logit_scale"
	KeyWindow       = "attention.sliding_window"
	KeyWindowLayers = "attention.sliding_window_pattern"
	KeyAttnScale    = "attention.scale"
	KeyAttnCap      = "attn_logit_softcapping"
	KeyLogitCap     = "final_logit_softcapping"
	KeyCausal       = "attention.causal"
	KeyConvTaps     = "shortconv.l_cache"
	KeySSMTaps      = "ssm.conv_kernel"
	KeySSMState     = "ssm.state_size"
	KeySSMGroups    = "ssm.group_count"
	KeySSMHeads     = "ssm.time_step_rank"
	KeySSMInner     = "ssm.inner_size"
	KeyRecurrent    = "attention.recurrent_layers"
	KeyAttnPeriod   = "full_attention_interval"
	KeyNextN        = "nextn_predict_layers"
	KeyExperts      = "expert_count"
	KeyExpertsUsed  = "expert_used_count"
	KeyExpertFFN    = "expert_feed_forward_length"
	KeySharedFFN    = "expert_shared_feed_forward_length"
	KeyExpertNorm   = "expert_weights_norm"
	KeyExpertScale  = "expert_weights_scale"
	KeyExpertGating = "expert_gating_func"
	KeyRopeDim      = "rope.dimension_count"
	KeyRopeDimLocal = "rope.dimension_count_swa" // in layers with a sliding window
	KeyRopeBase     = "rope.freq_base"
	KeyRopeBaseSWA  = "rope.freq_base_swa"
	KeyRopeScaling  = "rope.scaling.type"
	KeyRopeFactor   = "rope.scaling.factor"
	KeyRopeOrigCtx  = "rope.scaling.original_context_length"
	KeyRopeAttn     = "rope.scaling.attn_factor"
	KeyYarnExt      = "rope.scaling.yarn_ext_factor"
	KeyYarnAttn     = "rope.scaling.yarn_attn_factor"
	KeyYarnBetaFast = "rope.scaling.yarn_beta_fast"
	KeyYarnBetaSlow = "rope.scaling.yarn_beta_slow"
	KeyYarnLog      = "rope.scaling.yarn_log_multiplier"
	KeyRopeLinear   = "rope.scale_linear" // the name of KeyRopeFactor in 2023
)

// Hparams are the parameters of a model whose layers are all alike. Metadata leaves
// out the keys of parameters that are 0, except keys that every file must have.
type Hparams struct {
	Sizes
	Context  int
	Layers   int
	Window   int // how many positions a token sees in layers with a sliding window
	Used     int // how many experts a token uses
	LocalDim int // elements of a head in layers with a sliding window, if different from KeyDim
	Shared   int // how many layers at the end use keys and values of earlier layers
	NormEps  float32
	RopeBase float32
}

// Pair is a key and its value, which is a uint32 or a float32.
type Pair struct {
	Key   string
	Value any
}

// Metadata returns the metadata of a model with the parameters h. Keys have the prefix "ARCH.".
func (a *Arch) Metadata(h *Hparams) []Pair {
	var list []Pair
	number := func(key string, n int) {
		list = append(list, Pair{a.Name + "." + key, uint32(min(n, 1<<31-1))})
	}
	if h.VocabSize > 0 {
		number(KeyVocabSize, h.VocabSize)
	}
	number(KeyContext, h.Context)
	number(KeyEmbd, h.Dim)
	number(KeyLayers, h.Layers)
	if h.FFNDim > 0 {
		number(KeyFFN, h.FFNDim)
	}
	number(KeyHeads, h.NumHeads)
	number(KeyKVHeads, h.NumKVHeads)
	if h.KeyDim*h.NumHeads != h.Dim || h.ValueDim != h.KeyDim {
		number(KeyKeyLength, h.KeyDim)
		number(KeyValueLength, h.ValueDim)
	}
	if h.NumExperts > 0 {
		number(KeyExperts, h.NumExperts)
		number(KeyExpertsUsed, h.Used)
		if h.ExpertFFN != h.FFNDim {
			number(KeyExpertFFN, h.ExpertFFN)
		}
		if h.SharedFFN > 0 {
			number(KeySharedFFN, h.SharedFFN)
		}
	}
	if h.Window > 0 {
		number(KeyWindow, h.Window)
	}
	if h.LayerInput > 0 {
		number(KeyLayerInput, h.LayerInput)
	}
	if h.Shared > 0 {
		number(KeySharedKV, h.Shared)
	}
	if a.Windows.OwnHeads {
		number(KeyKeyLocal, h.LocalDim)
		number(KeyValueLocal, h.LocalDim)
		number(KeyRopeDimLocal, h.LocalDim)
	}
	switch {
	case a.Delta:
		number(KeySSMTaps, h.Taps)
		number(KeySSMState, h.SSMState)
		number(KeySSMGroups, h.SSMGroups)
		number(KeySSMHeads, h.SSMHeads)
		number(KeySSMInner, h.SSMInner)
	case h.Taps > 0:
		number(KeyConvTaps, h.Taps)
	}
	if h.RopeDim > 0 {
		number(KeyRopeDim, h.RopeDim)
	}
	if h.RopeBase > 0 {
		list = append(list, Pair{a.Name + "." + KeyRopeBase, h.RopeBase})
	}
	return append(list, Pair{a.Name + "." + a.NormEps(), h.NormEps})
}

// NormEps returns the key of epsilon, the number that norms add to mean squares or variances.
func (a *Arch) NormEps() string {
	if a.LayerNorm {
		return KeyLayerNormEps
	}
	return KeyNormEps
}
