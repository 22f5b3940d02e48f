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

// tables are the matrices that belong to no layer.
var tables = []arch.Role{arch.TokenEmbed, arch.Output}

// isNorm reports whether t is the vector of a norm, which may be trained along with adapters.
func isNorm(t *arch.Tensor) bool {
	return t.IsVector() && strings.HasSuffix(t.GGUF(), "norm")
}

// isMatrix reports whether t is a matrix that can have an adapter.
func isMatrix(t *arch.Tensor) bool {
	return !t.IsVector() && t.Stack == arch.One && t.Role != arch.Router && t.Cols != arch.Taps
}

// names returns the roles of all tensors in the given families that the function wanted
// accepts. The keys of the map are the tensors' names in Hugging Face models, such as
// q_proj, and in GGUF, such as attn_q. A name may stand for several roles: out_proj is
// the last matrix of attention in some layers, and of a convolution in others.
func names(families []*arch.Arch, wanted func(t *arch.Tensor) bool) map[string][]arch.Role {
	list := map[string][]arch.Role{}
	add := func(name string, r arch.Role) {
		if !slices.Contains(list[name], r) {
			list[name] = append(list[name], r)
		}
	}
	for _, family := range families {
		for _, tensors := range [][]arch.Tensor{family.Input, family.Layer, family.FFN, family.MoE, family.Output} {
			for i := range tensors {
				t := &tensors[i]
				if !wanted(t) {
					continue
				}
				add(t.GGUF(), t.Role)
				if t.HF != "" {
					add(t.HF[strings.LastIndexByte(t.HF, '.')+1:], t.Role)
				}
			}
		}
	}
	return list
}

// targets returns the roles of --target-modules, whose matrices get adapters.
func (s *settings) targets(families []*arch.Arch) (map[arch.Role]bool, error) {
	known := names(families, isMatrix)
	wanted := map[arch.Role]bool{}
	for _, name := range s.Targets {
		roles, ok := known[name]
		switch {
		case name == allLinear:
			for _, roles := range known {
				for _, r := range roles {
					wanted[r] = wanted[r] || !slices.Contains(tables, r)
				}
			}
		case !ok:
			return nil, ui.WithHint(ui.Usagef("--target-modules: no matrix named %q can have an adapter", name),
				"the names are "+strings.Join(slices.Sorted(maps.Keys(known)), ", ")+" and "+allLinear)
		}
		for _, r := range roles {
			wanted[r] = true
		}
	}
	return wanted, nil
}

// modules returns the roles of --modules-to-save. These modules are trained as a whole, along
// with the adapters. As in peft, a name stands for all modules whose names end with it, so
// "norm" stands for all norms.
func (s *settings) modules(families []*arch.Arch) (map[arch.Role]bool, error) {
	known := names(families, func(t *arch.Tensor) bool { return isNorm(t) || slices.Contains(tables, t.Role) })
	wanted := map[arch.Role]bool{}
	for _, name := range s.Saved {
		found := false
		for full, roles := range known {
			if name != "" && strings.HasSuffix(full, name) {
				for _, r := range roles {
					wanted[r], found = true, true
				}
			}
		}
		if !found {
			return nil, ui.WithHint(ui.Usagef("--modules-to-save: no module named %q can be trained together with adapters", name),
				"the names are "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return wanted, nil
}

// addAdapters adds the adapters of --target-modules to m, and makes the modules of
// --modules-to-save trainable.
func (j *job) addAdapters(m *train.Model[float32]) error {
	family := []*arch.Arch{arch.Find(m.Config.Arch)}
	targets, err := j.targets(family)
	if err != nil {
		return err
	}
	saved, err := j.modules(family)
	if err != nil {
		return err
	}
	for _, role := range tables {
		if saved[role] && targets[role] {
			return ui.Usagef("--modules-to-save and --target-modules both name %s: it can either get an adapter or be trained as a whole", role)
		}
	}
	m.AddLoRA(train.LoRA{Rank: j.LoRARank, Alpha: j.LoRAAlpha, Stable: j.RsLoRA, Seed: j.Seed}, func(r arch.Role) bool { return targets[r] })
	if err := j.checkTargets(m); err != nil {
		return err
	}
	if m.Config.NumExperts > 0 {
		j.u.Notef("experts and their routers are not trained: adapters are put on everything else that --target-modules names")
	}
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
	if m.HasTrainedBiases() {
		return ui.WithHint(ui.Usagef("--output %s: a file of adapters cannot hold the biases of this model's norms", j.Output),
			"write the whole model with --merge, or a folder for peft")
	}
	if m.HasTrainedNorms() {
		j.u.Warnf("llama.cpp ignores the norms in a file of adapters, but alpaca uses them; --merge writes a model that works with both")
	}
	return nil
}

// checkTargets returns an error if a name of --target-modules has no effect, because the model has
// no such matrices, or because they cannot get adapters. Matrices of experts cannot get adapters.
func (j *job) checkTargets(m *train.Model[float32]) error {
	has := m.Adaptable()
	known := names([]*arch.Arch{arch.Find(m.Config.Arch)}, isMatrix)
	for _, name := range j.Targets {
		if name == allLinear || slices.ContainsFunc(known[name], func(r arch.Role) bool { return slices.Contains(tables, r) || slices.Contains(has, r) }) {
			continue
		}
		what := "the model has no such matrix"
		if m.Config.NumExperts > 0 {
			what = "the matrices of experts cannot get adapters; --full trains them"
		}
		var list []string
		for _, r := range has {
			list = append(list, string(r))
		}
		return ui.WithHint(ui.Usagef("--target-modules %s: %s", name, what), "adapters can be put on "+strings.Join(list, ", "))
	}
	return nil
}
