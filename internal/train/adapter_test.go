package train

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/model"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
	"alpaca/internal/testshared"
	"alpaca/internal/train/random"
)

// readSafetensors returns the float32 tensors of a file.
func readSafetensors(t *testing.T, path string) map[string][]float32 {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	n := binary.LittleEndian.Uint64(data)
	require.Zero(t, n%8)
	var header map[string]struct {
		DType   string
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
	}
	require.NoError(t, json.Unmarshal(data[8:8+n], &header))
	list := map[string][]float32{}
	for name, h := range header {
		if name == "__metadata__" {
			continue
		}
		require.Equal(t, "F32", h.DType)
		bytes := data[8+int(n):][h.Offsets[0]:h.Offsets[1]]
		x := make([]float32, len(bytes)/4)
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
		}
		list[name] = x
	}
	return list
}

// onLinears selects all matrices of the layers for adapters.
func onLinears(r arch.Role) bool { return r != arch.TokenEmbed && r != arch.Output }

// TestPEFT reads the GGUF files that llama.cpp's converter made from peft's adapters. It writes the
// adapters for peft, and compares the result with the originals. The rows of queries and keys have
// one order in GGUF and another in peft.
func TestPEFT(t *testing.T) {
	for name, o := range map[string]LoRA{"llama-bin-lora": {Rank: 4, Alpha: 16, Stable: true}, "qwen2-lora": {Rank: 4, Alpha: 8}} {
		t.Run(name, func(t *testing.T) {
			f, err := gguf.Open(testshared.Path(t, "models/arch/"+name[:len(name)-len("-lora")]+".gguf"))
			require.NoError(t, err)
			base, err := model.Load(f, model.LoadOptions{})
			require.NoError(t, err)
			defer base.Close()
			m, err := Load(base, false)
			require.NoError(t, err)
			adapter, err := gguf.Open(testshared.Path(t, "models/arch/"+name+".gguf"))
			require.NoError(t, err)
			defer adapter.Close()
			wanted := map[arch.Role]bool{}
			m.eachLinear(func(layer int, x member[float32]) {
				a := adapter.Tensor(x.linear.W.Name + ".lora_a")
				wanted[x.role] = wanted[x.role] || a != nil
				if a != nil {
					o.Rank = a.Rows()
				}
			})
			m.AddLoRA(o, func(role arch.Role) bool { return wanted[role] })
			for _, l := range m.adapted() {
				for _, x := range []*Tensor[float32]{l.A, l.B} {
					src := adapter.Tensor(x.Name)
					require.NotNil(t, src, x.Name)
					quant.Decode(src.Type, x.Data, src.Data)
				}
			}
			dir := t.TempDir()
			require.NoError(t, m.WritePEFT(dir, PEFT{Base: "base", Alpha: o.Alpha, Stable: o.Stable, Readme: "# x\n"}))
			want := readSafetensors(t, testshared.Path(t, "models/hf/"+name+"/adapter_model.safetensors"))
			require.Equal(t, want, readSafetensors(t, filepath.Join(dir, "adapter_model.safetensors")))
			require.FileExists(t, filepath.Join(dir, "README.md"))
			require.FileExists(t, filepath.Join(dir, "adapter_config.json"))
		})
	}
}

// TestAdapterFile writes an adapter and a merged model. Both must compute the same as the model in
// training. The bases have several types.
func TestAdapterFile(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.F16} {
		f, err := gguf.Open(testmodel.SPM(1).As(typ).Write(t))
		require.NoError(t, err)
		base, err := model.Load(f, model.LoadOptions{})
		require.NoError(t, err)
		defer base.Close()
		m, err := Load(base, false)
		require.NoError(t, err)
		m.AddLoRA(LoRA{Rank: 4, Alpha: 8, Stable: true, Seed: 1}, onLinears)
		for _, l := range m.adapted() { // as if it had been trained
			for i := range l.B.Data {
				l.B.Data[i] = float32(0.05 * random.Normal(random.Mix(uint64(i)), random.Mix(random.Text(l.B.Name)+uint64(i))))
			}
		}
		dir := t.TempDir()
		require.NoError(t, m.WriteAdapter(filepath.Join(dir, "adapter.gguf"), "noise"))
		adapter, err := gguf.Open(filepath.Join(dir, "adapter.gguf"))
		require.NoError(t, err)
		defer adapter.Close()
		alpha, _, err := adapter.Float("adapter.lora.alpha")
		require.NoError(t, err)
		// The scale is 8/√rank. llama.cpp divides the file's alpha by the rank, so this alpha must
		// be 8·√rank.
		require.InDelta(t, 8*2, alpha, 1e-6)
		adapted, err := base.WithLoRA(readAdapter(t, adapter), 1)
		require.NoError(t, err)

		p := pool.New(2, nil)
		defer p.Close()
		doc := Example{Tokens: []int32{1, 300, 280, 264, 290}, Weights: []float32{0, 1, 1, 1, 1}}
		tr, err := NewTrainer(m, testSettings(1), []Example{doc}, p)
		require.NoError(t, err)
		loss, _, err := tr.Evaluate([]Example{doc})
		require.NoError(t, err)
		require.NoError(t, tr.WriteModel(filepath.Join(dir, "merged.gguf"), f.KV, nil))
		g, err := gguf.Open(filepath.Join(dir, "merged.gguf"))
		require.NoError(t, err)
		merged, err := model.Load(g, model.LoadOptions{})
		require.NoError(t, err)
		defer merged.Close()
		// With weights in F16, the model with the adapter rounds activations, but training does
		// not.
		within := map[quant.Type]float64{quant.F32: 1e-5, quant.F16: 2e-3}[typ]
		require.InDelta(t, loss, lossOf(t, merged, doc), 1e-5)
		require.InDelta(t, loss, lossOf(t, adapted, doc), within)
	}
}

// TestModules writes adapters of all matrices and trained norms. It compares three models: the one
// with the adapter, the merged one, and the one in training. It also checks the names in a folder
// for peft.
func TestModules(t *testing.T) {
	for _, tied := range []bool{false, true} {
		testModules(t, tied)
	}
}

// testModules does the work of TestModules. Embedding and output
// have separate adapters, even if they are the same matrix.
func testModules(t *testing.T, tied bool) {
	f, err := gguf.Open(testmodel.Spec{Seed: 1, Tied: tied}.Make().As(quant.F32).Write(t))
	require.NoError(t, err)
	base, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	defer base.Close()
	m, err := Load(base, false)
	require.NoError(t, err)
	require.Equal(t, tied, m.Tied())
	m.AddLoRA(LoRA{Rank: 4, Alpha: 8, Seed: 1}, func(arch.Role) bool { return true })
	norms := func(r arch.Role) bool { return strings.HasSuffix(string(r), "_norm") }
	require.Equal(t, 2*len(m.Layers)+1, m.TrainModules(norms))
	for _, x := range m.Trainable() { // as if it had been trained
		for i := range x.Data {
			x.Data[i] += float32(0.05 * random.Normal(random.Mix(uint64(i)), random.Mix(random.Text(x.Name)+uint64(i))))
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "adapter.gguf")
	require.NoError(t, m.WriteAdapter(path, "noise"))
	adapter, err := gguf.Open(path)
	require.NoError(t, err)
	defer adapter.Close()
	adapted, err := base.WithLoRA(readAdapter(t, adapter), 1)
	require.NoError(t, err)
	p := pool.New(1, nil)
	defer p.Close()
	doc := Example{Tokens: []int32{1, 300, 280, 264, 290}, Weights: []float32{0, 1, 1, 1, 1}}
	tr, err := NewTrainer(m, testSettings(1), []Example{doc}, p)
	require.NoError(t, err)
	loss, _, err := tr.Evaluate([]Example{doc})
	require.NoError(t, err)
	require.InDelta(t, loss, lossOf(t, adapted, doc), 1e-5)
	require.Greater(t, math.Abs(loss-lossOf(t, base, doc)), 1e-3)
	require.NoError(t, tr.WriteModel(filepath.Join(dir, "merged.gguf"), f.KV, nil))
	g, err := gguf.Open(filepath.Join(dir, "merged.gguf"))
	require.NoError(t, err)
	merged, err := model.Load(g, model.LoadOptions{})
	require.NoError(t, err)
	defer merged.Close()
	require.InDelta(t, loss, lossOf(t, merged, doc), 1e-5)

	require.NoError(t, m.WritePEFT(filepath.Join(dir, "peft"), PEFT{Base: "base", Alpha: 8}))
	list := readSafetensors(t, filepath.Join(dir, "peft", "adapter_model.safetensors"))
	const prefix = "base_model.model."
	for _, name := range []string{"lm_head.lora_A.weight", "lm_head.lora_B.weight", "model.norm.weight", "model.layers.0.input_layernorm.weight"} {
		require.Contains(t, list, prefix+name)
	}
	a := list[prefix+"model.embed_tokens.lora_embedding_A"] // [rank, Vocab]
	require.Equal(t, m.EmbedLoRA.A.Data[7*4+2], a[2*m.Embed.Rows+7])
	require.Equal(t, m.EmbedLoRA.B.Data, list[prefix+"model.embed_tokens.lora_embedding_B"])
	config, err := os.ReadFile(filepath.Join(dir, "peft", "adapter_config.json"))
	require.NoError(t, err)
	var c struct {
		Targets []string `json:"target_modules"`
		Saved   []string `json:"modules_to_save"`
	}
	require.NoError(t, json.Unmarshal(config, &c))
	require.Equal(t, []string{"down_proj", "embed_tokens", "gate_proj", "k_proj", "lm_head", "o_proj", "q_proj", "up_proj", "v_proj"}, c.Targets)
	require.Equal(t, []string{"input_layernorm", "norm", "post_attention_layernorm"}, c.Saved)

	m.TrainModules(func(r arch.Role) bool { return r == arch.Output || r == arch.TokenEmbed })
	require.ErrorContains(t, m.WriteAdapter(path, "noise"), "cannot hold a trained embedding or output matrix")
}

// TestTiedModules checks a folder for peft with a trained embedding that is also the output matrix.
// peft uses the matrix for both only if the folder has it under both names.
func TestTiedModules(t *testing.T) {
	f, err := gguf.Open(testmodel.Spec{Seed: 2, Tied: true}.Make().Write(t))
	require.NoError(t, err)
	base, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	defer base.Close()
	for _, trained := range []bool{true, false} {
		m, err := Load(base, false)
		require.NoError(t, err)
		require.True(t, m.Tied())
		m.AddLoRA(LoRA{Rank: 4, Alpha: 8, Seed: 1}, onLinears)
		m.TrainModules(func(r arch.Role) bool { return trained && r == arch.TokenEmbed })
		tensors, config := m.peft(PEFT{Base: "base", Alpha: 8})
		list := map[string][]float32{}
		for _, x := range tensors {
			list[x.name] = x.data
		}
		if !trained {
			require.NotContains(t, list, "base_model.model.lm_head.weight")
			require.NotContains(t, config, "ensure_weight_tying")
			require.Nil(t, config["modules_to_save"])
			continue
		}
		require.Equal(t, m.Embed.Data, list["base_model.model.lm_head.weight"])
		require.Equal(t, m.Embed.Data, list["base_model.model.model.embed_tokens.weight"])
		require.Equal(t, []string{"embed_tokens", "lm_head"}, config["modules_to_save"])
		require.Equal(t, true, config["ensure_weight_tying"])
	}
}

// lossOf returns the loss per label. A session computes it, not the trainer.
func lossOf(t *testing.T, m *model.Model, doc Example) (sum float64) {
	f32 := quant.F32
	s, err := m.NewSession(model.SessionOptions{Threads: 1, CacheK: &f32, CacheV: &f32})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.EvalEach(t.Context(), doc.Tokens, 0, func(i int, logits []float32) error {
		if i+1 < len(doc.Tokens) {
			row := append([]float32{}, logits...)
			for len(row)%block != 0 {
				row = append(row, 0)
			}
			sum += float64(crossEntropy(row, len(logits), doc.Tokens[i+1]))
		}
		return nil
	}))
	return sum / float64(len(doc.Tokens)-1)
}

// TestRefused loads models that cannot be trained.
func TestRefused(t *testing.T) {
	m := testmodel.SPM(1)
	m.Tensors = append(m.Tensors, &testmodel.Tensor{Name: "blk.0.attn_other.weight", Type: quant.F32, Shape: []int{4}, Data: make([]float32, 4)})
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	base, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	defer base.Close()
	_, err = Load(base, true)
	require.ErrorContains(t, err, `tensor "blk.0.attn_other.weight" cannot be trained, and the trained model would lose it`)
	for _, a := range arch.All() {
		if a.FFN != nil {
			require.True(t, trainable(a, false), a.Name)
		}
		if a.MoE != nil {
			require.Equal(t, a != &arch.Gemma4, trainable(a, true), a.Name)
		}
	}
	require.False(t, trainable(&arch.Arch{Layer: []arch.Tensor{{Role: "other"}}}, false))
}

// readAdapter returns the adapter that a file holds.
func readAdapter(t *testing.T, f *gguf.File) *lora.Adapter {
	a, err := lora.Read(f)
	require.NoError(t, err)
	return a
}
