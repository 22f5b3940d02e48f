package train

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/atomicfile"
	"alpaca/internal/lora"
)

// PEFT is what a folder that the library peft loads says about its adapters.
type PEFT struct {
	Base   string // name or path of the base model
	Alpha  float64
	Stable bool
	Drop   float64
	Readme string // the text of README.md
}

// WritePEFT writes the adapters to a folder that peft loads: adapter_model.safetensors in
// float32, adapter_config.json and README.md, with the modules that are trained beside
// them. The folder may exist; files of these names are replaced.
func (m *Model[T]) WritePEFT(dir string, p PEFT) error {
	tensors, config := m.peft(p)
	if len(tensors) == 0 {
		return fmt.Errorf("train: %s: the model has no adapters", dir)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"adapter_model.safetensors", safetensors(tensors)}, {"adapter_config.json", append(text, '\n')}, {"README.md", []byte(p.Readme)}} {
		if err := writeFile(filepath.Join(dir, f.name), f.data); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// peftPrefix is what the names of peft's tensors begin with.
const peftPrefix = "base_model.model."

// peft returns what peft's two files hold.
func (m *Model[T]) peft(p PEFT) (tensors []peftTensor, config map[string]any) {
	family := arch.Find(m.Arch)
	targets, saved := map[string]bool{}, map[string]bool{}
	pair := func(hf string, l *Linear[T], b []float32) {
		targets[lastPart(hf)] = true
		tensors = append(tensors, peftTensor{peftPrefix + hf + ".lora_A.weight", l.A.shape(), floats(l.A.Data)},
			peftTensor{peftPrefix + hf + ".lora_B.weight", l.B.shape(), b})
	}
	for i := range m.Layers {
		for j, l := range m.Layers[i].linears() {
			if l.A == nil {
				continue
			}
			b := floats(l.B.Data)
			if heads := m.permuted(family, linearRoles[j]); heads > 0 {
				b = unpermute(b, heads, l.B.Rows, l.B.Cols)
			}
			pair(fmt.Sprintf("model.layers.%d.%s", i, family.Tensor(linearRoles[j]).HF), l, b)
		}
	}
	if l := &m.OutputLoRA; l.A != nil {
		pair(family.Tensor(arch.Output).HF, l, floats(l.B.Data))
	}
	if l := &m.EmbedLoRA; l.A != nil {
		hf := family.Tensor(arch.TokenEmbed).HF
		targets[hf] = true
		name := peftPrefix + "model." + hf + ".lora_embedding_"
		tensors = append(tensors, peftTensor{name + "A", []int{m.Rank, m.Vocab}, lora.Transposed(floats(l.A.Data), m.Vocab, m.Rank)},
			peftTensor{name + "B", l.B.shape(), floats(l.B.Data)})
	}
	m.modules(func(role arch.Role, layer int, t *Tensor[T]) {
		if !t.Trainable() {
			return
		}
		hf := family.Tensor(role).HF
		saved[lastPart(hf)] = true
		switch {
		case layer >= 0:
			hf = fmt.Sprintf("model.layers.%d.%s", layer, hf)
		case role != arch.Output:
			hf = "model." + hf
		}
		tensors = append(tensors, peftTensor{peftPrefix + hf + ".weight", t.shape(), floats(t.Data)})
	})
	tied := m.Tied() && m.Embed.Trainable()
	if tied { // peft keeps the base's output matrix unless it is told of this one
		hf := family.Tensor(arch.Output).HF
		saved[hf] = true
		tensors = append(tensors, peftTensor{peftPrefix + hf + ".weight", m.Embed.shape(), floats(m.Embed.Data)})
	}
	config = peftConfig(p, m.Rank, targets, saved)
	if tied {
		config["ensure_weight_tying"] = true // so that both stay one where peft trains on
	}
	return tensors, config
}

// lastPart returns what follows the last dot of a name.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// permuted returns the heads of a matrix whose rows GGUF has in another order than Hugging
// Face, 0 for none: queries and keys where neighbours turn together.
func (m *Model[T]) permuted(family *arch.Arch, role arch.Role) int {
	switch {
	case family.Rotation != arch.Pairs:
		return 0
	case role == arch.AttnQ:
		return m.Heads
	case role == arch.AttnK:
		return m.KVHeads
	}
	return 0
}

// unpermute returns the rows of b in Hugging Face's order: row 2i+j of a head of h becomes
// row j·h/2+i.
func unpermute(b []float32, heads, rows, cols int) []float32 {
	out := make([]float32, len(b))
	h := rows / heads
	for head := range heads {
		for i := range h / 2 {
			for j := range 2 {
				from, to := head*h+2*i+j, head*h+j*h/2+i
				copy(out[to*cols:(to+1)*cols], b[from*cols:(from+1)*cols])
			}
		}
	}
	return out
}

// peftConfig returns adapter_config.json, the keys that peft 0.21 reads.
func peftConfig(p PEFT, rank int, targets, saved map[string]bool) map[string]any {
	var whole any // modules_to_save; null for none
	if len(saved) > 0 {
		whole = slices.Sorted(maps.Keys(saved))
	}
	list := slices.Sorted(maps.Keys(targets))
	return map[string]any{
		"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": p.Base,
		"r": rank, "lora_alpha": p.Alpha, "lora_dropout": p.Drop, "target_modules": list,
		"bias": "none", "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
		"use_rslora": p.Stable, "use_dora": false, "rank_pattern": map[string]any{}, "alpha_pattern": map[string]any{},
		"modules_to_save": whole, "layers_to_transform": nil, "layers_pattern": nil, "revision": nil,
	}
}

// peftTensor is a tensor of float32 to be written.
type peftTensor struct {
	name  string
	shape []int
	data  []float32
}

// safetensors returns a file of that format: the length of a JSON header as 8 bytes, the
// header, padded to a multiple of 8, and the data.
func safetensors(list []peftTensor) []byte {
	type entry struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	at := 0
	for _, t := range list {
		header[t.name] = entry{"F32", t.shape, [2]int{at, at + 4*len(t.data)}}
		at += 4 * len(t.data)
	}
	text, err := json.Marshal(header)
	if err != nil {
		panic(err) // strings and numbers
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	file = append(file, text...)
	for _, t := range list {
		file = append(file, bytesOf(t.data)...)
	}
	return file
}

// writeFile writes a file that appears when it is complete.
func writeFile(path string, data []byte) error {
	f, err := atomicfile.Create(path, 0o666)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}
