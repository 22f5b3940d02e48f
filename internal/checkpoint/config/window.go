package config

import (
	"alpaca/internal/arch"
	"alpaca/internal/gguf"
)

// windows adds the keys that say how large the sliding window is and which layers have one. The
// reference converter leaves these keys out for several architectures whose models have windows.
func (r *reader) windows() {
	a := r.m.Arch
	window := r.Int("sliding_window", 0)
	layers := len(r.m.Layers)
	sliding := make([]bool, layers)
	switch kinds := r.Texts("layer_types"); {
	case a == &arch.Phi3:
		r.addInt(arch.KeyWindow, window)
		return
	case a.Conv || a.Delta:
		return
	case a.Windows.OwnHeads:
		sliding = r.localLayers()
	case a == &arch.Olmo2 && !r.Has("sliding_window"):
		return
	case a == &arch.Qwen2 || a == &arch.Qwen3 || a == &arch.Qwen2MoE || a == &arch.Qwen3MoE:
		if !r.Bool("use_sliding_window", false) {
			window = 0
		}
		for i := range sliding {
			sliding[i] = window > 0 && i >= r.Int("max_window_layers", layers)
			if len(kinds) > 0 {
				sliding[i] = window > 0 && kinds[i] == "sliding_attention"
			}
		}
	case len(kinds) > 0:
		for i := range sliding {
			sliding[i] = kinds[i] == "sliding_attention"
		}
	default:
		period := a.Windows.Period
		if key := r.First("sliding_window_pattern", "_sliding_window_pattern"); key != "" && r.IsNumber(key) {
			period = r.Int(key, period)
		}
		for i := range sliding {
			sliding[i] = period == 0 || i%period != period-1
		}
	}
	any, all := false, true
	for _, s := range sliding {
		any, all = any || s, all && s
	}
	if (window == 0 || !any) && !a.Windows.OwnHeads {
		if a.Windows.Default > 0 { // without the key, the architecture's default would apply
			r.addInt(arch.KeyWindow, 0)
		}
		return
	}
	r.addInt(arch.KeyWindow, window)
	if a.Windows.Period == 0 {
		r.note("the window of %d positions is kept in %s.%s, a key that the reference converter drops", window, a.Name, arch.KeyWindow)
	}
	usual := true
	for i, s := range sliding {
		p := a.Windows.Period
		usual = usual && s == (p == 0 || i%p != p-1)
	}
	if !usual || a == &arch.Olmo2 || a.Windows.OwnHeads {
		r.add(arch.KeyWindowLayers, gguf.Bools(sliding))
	}
}
