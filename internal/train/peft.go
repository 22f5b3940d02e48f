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
	"alpaca/internal/model"
)

// PEFT is the metadata of a folder of adapters for the library peft.
type PEFT struct {
	Base   string // name or path of the base model
	Alpha  float64
	Stable bool
	Drop   float64
	Readme string // the text of README.md
}

// WritePEFT writes a folder that peft loads: adapter_model.safetensors in float32,
// adapter_config.json and README.md. The tensors are the adapters and the modules that are
// trained along with them. If the folder exists, WritePEFT replaces files of these names.
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

// peftPrefix begins the names of peft's tensors.
const peftPrefix = "base_model.model."

// peft returns the contents of adapter_model.safetensors and adapter_config.json.
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
		tensors = append(tensors, peftTensor{name + "A", []int{m.Rank, m.Embed.Rows}, lora.Transposed(floats(l.A.Data), m.Embed.Rows, m.Rank)},
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
	if tied { // without this tensor, peft would use the base's output matrix
		hf := n.of(arch.Output, -1)
		saved[hf] = true
		tensors = append(tensors, peftTensor{peftPrefix + hf + ".weight", m.Embed.shape(), floats(m.Embed.Data)})
	}
	config = peftConfig(p, m.Rank, targets, saved)
	if tied {
		config["ensure_weight_tying"] = true // so that embedding and output stay tied if peft trains further
	}
	return tensors, config
}

func matrixOf[T real](t *Tensor[T]) hfMatrix { return hfMatrix{floats(t.Data), t.Rows, t.Cols} }

// peftConfig returns the content of adapter_config.json, with the keys that peft 0.21 reads.
func peftConfig(p PEFT, rank int, targets, saved map[string]bool) map[string]any {
	var whole any // modules_to_save; null if empty
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

// peftTensor is a float32 tensor in the file.
type peftTensor struct {
	name  string
	shape []int
	data  []float32
}

// safetensors returns the bytes of a safetensors file: the length of the JSON header in 8 bytes,
// the header padded to a multiple of 8, and the data.
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
		panic(err) // cannot happen: the header has only strings and numbers
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

// writeFile writes a file. It appears at path once it is complete.
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

// hfNames maps tensors to the names and the order of rows that Hugging Face uses.
type hfNames struct {
	family *arch.Arch
	c      *model.Config
}

// hfMatrix is a matrix [rows, cols].
type hfMatrix struct {
	data       []float32
	rows, cols int
}

// table returns the entry of a role in the table of the model's tensors.
func (n *hfNames) table(role arch.Role) *arch.Tensor {
	for t := range n.family.LayerTensors(n.c.NumExperts > 0) {
		if t.Role == role {
			return t
		}
	}
	return n.family.Tensor(role)
}

// of returns the name of a tensor without ".weight". layer is -1 for tensors of no layer.
func (n *hfNames) of(role arch.Role, layer int) string {
	hf := n.table(role).HF
	switch {
	case layer >= 0:
		return fmt.Sprintf("model.layers.%d.%s", layer, hf)
	case role != arch.Output:
		return "model." + hf
	}
	return hf
}

// target returns the name by which peft finds a module in all layers, and no other
// module. It is the last part of name, or the last two if other modules have the same
// last part.
func (n *hfNames) target(name string) string {
	parts := strings.Split(name, ".")
	last := parts[len(parts)-1]
	others := map[string]bool{}
	for t := range n.family.LayerTensors(n.c.NumExperts > 0) {
		if t.HF == last || strings.HasSuffix(t.HF, "."+last) {
			others[t.HF] = true
		}
	}
	if len(others) > 1 {
		return strings.Join(parts[len(parts)-2:], ".")
	}
	return last
}

// adapter returns A and B of a matrix's adapter in Hugging Face's order.
func (n *hfNames) adapter(role arch.Role, layer int, a, b hfMatrix) (low, high []float32) {
	l, d := &n.c.Layers[layer], &n.c.Delta
	switch {
	case n.family.Rotation == arch.Pairs && role == arch.AttnQ: // RoPE rotates neighbours
		return a.data, unpermute(b.data, l.NumHeads, b.rows, b.cols)
	case n.family.Rotation == arch.Pairs && role == arch.AttnK:
		return a.data, unpermute(b.data, l.NumKVHeads, b.rows, b.cols)
	case !l.Delta:
	case role == arch.DeltaOut:
		return lora.Transposed(n.values(lora.Transposed(a.data, a.rows, a.cols), d.Value*a.rows), a.cols, a.rows), b.data
	case role == arch.DeltaIn:
		keys := 2 * d.KeyHeads * d.Key * b.cols
		return a.data, slices.Concat(b.data[:keys], n.values(b.data[keys:], d.Value*b.cols))
	case role == arch.DeltaGate:
		return a.data, n.values(b.data, d.Value*b.cols)
	case role == arch.DeltaAlpha, role == arch.DeltaBeta:
		return a.data, n.values(b.data, b.cols)
	}
	return a.data, b.data
}

// values reorders x, which has size numbers for each head of values, to Hugging Face's order. In
// that order, heads that share a key head are neighbours. In GGUF's order, they are KeyHeads apart.
func (n *hfNames) values(x []float32, size int) []float32 {
	d := &n.c.Delta
	out := make([]float32, len(x))
	each := d.Heads / d.KeyHeads
	for r := range d.Heads {
		to := r%d.KeyHeads*each + r/d.KeyHeads
		copy(out[to*size:(to+1)*size], x[r*size:])
	}
	return out
}

// vector returns the weights of a module as Hugging Face has them.
// For some models, Hugging Face's weights of norms are smaller by 1.
func (n *hfNames) vector(role arch.Role, x []float32) []float32 {
	if t := n.table(role); !n.family.ShortNorms || !t.IsVector() || role == arch.DeltaNorm {
		return x
	}
	less := make([]float32, len(x))
	for i, v := range x {
		less[i] = v - 1
	}
	return less
}

// unpermute returns the rows of b in Hugging Face's order: row 2i+j of a head of h rows
// becomes row j·h/2+i.
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
