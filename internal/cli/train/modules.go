package train

import (
	"maps"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/cli/ui"
	"alpaca/internal/train"
)

const allLinear = "all-linear"

// linears are the matrices of a layer, those that all-linear means.
var linears = []arch.Role{arch.AttnQ, arch.AttnK, arch.AttnV, arch.AttnOut, arch.FFNGate, arch.FFNUp, arch.FFNDown}

// norms are the vectors that may be trained beside adapters.
var norms = []arch.Role{arch.AttnNorm, arch.AttnQNorm, arch.AttnKNorm, arch.FFNNorm, arch.OutputNorm}

// tables are the matrices outside of layers.
var tables = []arch.Role{arch.TokenEmbed, arch.Output}

// names returns the roles by their names in Hugging Face models, such as q_proj, and in
// GGUF, such as attn_q.
func names(roles ...[]arch.Role) map[string]arch.Role {
	list := map[string]arch.Role{}
	for _, r := range slices.Concat(roles...) {
		list[string(r)] = r
		for _, family := range arch.All() {
			if t := family.Tensor(r); t != nil && t.HF != "" {
				list[t.HF[strings.LastIndexByte(t.HF, '.')+1:]] = r
			}
		}
	}
	return list
}

// targets returns which matrices get adapters.
func (s *settings) targets() (map[arch.Role]bool, error) {
	known := names(linears, tables)
	wanted := map[arch.Role]bool{}
	for _, name := range s.Targets {
		role, ok := known[name]
		switch {
		case name == allLinear:
			for _, r := range linears {
				wanted[r] = true
			}
		case !ok:
			return nil, ui.WithHint(ui.Usagef("--target-modules: no matrix %q that an adapter can be put on", name),
				"known are "+strings.Join(slices.Sorted(maps.Keys(known)), ", ")+" and "+allLinear)
		default:
			wanted[role] = true
		}
	}
	return wanted, nil
}

// modules returns what is trained as a whole beside the adapters. A name stands for all
// modules whose names end with it, as in peft: norm for all norms.
func (s *settings) modules() (map[arch.Role]bool, error) {
	known := names(norms, tables)
	wanted := map[arch.Role]bool{}
	for _, name := range s.Saved {
		found := false
		for full, role := range known {
			if name != "" && strings.HasSuffix(full, name) {
				wanted[role], found = true, true
			}
		}
		if !found {
			return nil, ui.WithHint(ui.Usagef("--modules-to-save: no module %q that can be trained beside adapters", name),
				"known are "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return wanted, nil
}

// addAdapters puts adapters on the model, and makes the modules trainable that are trained
// beside them.
func (j *job) addAdapters(m *train.Model[float32]) error {
	targets, err := j.targets()
	if err != nil {
		return err
	}
	saved, err := j.modules()
	if err != nil {
		return err
	}
	for _, role := range tables {
		if saved[role] && targets[role] {
			return ui.Usagef("--modules-to-save and --target-modules both name %s: it gets an adapter or is trained as a whole", role)
		}
	}
	m.AddLoRA(train.LoRA{Rank: j.LoRARank, Alpha: j.LoRAAlpha, Stable: j.RsLoRA, Seed: j.Seed}, func(r arch.Role) bool { return targets[r] })
	if m.TrainModules(func(r arch.Role) bool { return saved[r] }) == 0 && len(saved) > 0 {
		return ui.Usagef("--modules-to-save %s: the model has none of them", strings.Join(j.Saved, ","))
	}
	if j.Merge || !strings.HasSuffix(j.Output, ".gguf") {
		return nil
	}
	if m.HasWholeMatrices() {
		return ui.WithHint(ui.Usagef("--output %s: a file of adapters cannot hold a trained embedding or output matrix", j.Output),
			"write the whole model with --merge, or a folder for peft")
	}
	if m.HasTrainedNorms() {
		j.u.Warnf("llama.cpp leaves out the norms in a file of adapters, alpaca uses them; --merge writes a model for both")
	}
	return nil
}
