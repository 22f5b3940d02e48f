package train

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/atomicfile"
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
	n := hfNames{arch.Find(m.Config.Arch), &m.Config}
	targets, saved := map[string]bool{}, map[string]bool{}
	pair := func(hf string, l *Linear[T], a, b []float32) {
		targets[n.target(hf)] = true
		tensors = append(tensors, peftTensor{peftPrefix + hf + ".lora_A.weight", l.A.shape(), a},
			peftTensor{peftPrefix + hf + ".lora_B.weight", l.B.shape(), b})
	}
	m.eachLinear(func(i int, x member[T]) {
		if l := x.linear; l.A != nil {
			a, b := n.adapter(x.role, i, matrixOf(l.A), matrixOf(l.B))
			pair(n.of(x.role, i), l, a, b)
		}
	})
	if l := &m.OutputLoRA; l.A != nil {
		pair(n.of(arch.Output, -1), l, floats(l.A.Data), floats(l.B.Data))
	}
	if l := &m.EmbedLoRA; l.A != nil {
		hf := n.of(arch.TokenEmbed, -1)
		targets[n.target(hf)] = true
		name := peftPrefix + hf + ".lora_embedding_"
		tensors = append(tensors, peftTensor{name + "A", []int{m.Rank, m.Embed.Rows}, transposed(floats(l.A.Data), m.Embed.Rows, m.Rank)},
			peftTensor{name + "B", l.B.shape(), floats(l.B.Data)})
	}
	for _, x := range m.modules() {
		if !x.t.Trainable() {
			continue
		}
		hf, end := n.of(x.role, x.layer), ".weight"
		saved[n.target(hf)] = true
		if x.bias {
			end = ".bias"
		}
		tensors = append(tensors, peftTensor{peftPrefix + hf + end, x.t.shape(), n.vector(x.role, floats(x.t.Data))})
	}
	tied := m.Tied() && m.Embed.Trainable()
	if tied { // peft keeps the base's output matrix unless it is told of this one
		hf := n.of(arch.Output, -1)
		saved[hf] = true
		tensors = append(tensors, peftTensor{peftPrefix + hf + ".weight", m.Embed.shape(), floats(m.Embed.Data)})
	}
	config = peftConfig(p, m.Rank, targets, saved)
	if tied {
		config["ensure_weight_tying"] = true // so that both stay one where peft trains on
	}
	return tensors, config
}

func matrixOf[T real](t *Tensor[T]) hfMatrix { return hfMatrix{floats(t.Data), t.Rows, t.Cols} }

// transposed returns x [rows, cols] as [cols, rows].
func transposed(x []float32, rows, cols int) []float32 {
	out := make([]float32, len(x))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = x[i*cols+j]
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
