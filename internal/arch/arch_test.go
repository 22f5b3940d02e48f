package arch

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/testshared"
)

func TestFind(t *testing.T) {
	for _, a := range All() {
		require.Same(t, a, Find(a.Name))
		require.Contains(t, Names(), a.Name)
	}
	require.Nil(t, Find("mamba"))
	require.Nil(t, Find(""))
}

// TestTables checks properties of the tables that other packages rely on.
func TestTables(t *testing.T) {
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			for _, experts := range []bool{false, true} {
				if experts && a.MoE == nil || !experts && a.FFN == nil {
					continue
				}
				seen := map[string]bool{}
				for name, x := range a.Tensors(2, experts) {
					require.False(t, seen[name], name)
					seen[name] = true
					require.NotEqual(t, One, x.Cols, name)
					require.False(t, x.Bias && x.IsVector() && !a.LayerNorm, name)
					ofHeads := x.Rows == QueryHeads || x.Rows == KVHeads
					require.Equal(t, (x.Stack != One || ofHeads) && x.HF != "", strings.Contains(x.HF, "%d"), name)
					require.Equal(t, ofHeads, x.ByRows(), name)
				}
				for _, name := range []string{"token_embd", a.Tensor(OutputNorm).GGUF(), "output", "blk.0.attn_output", "blk.1.attn_output"} {
					require.True(t, seen[name], name)
				}
			}
			require.Same(t, &a.Input[0], a.Tensor(TokenEmbed))
			require.Nil(t, a.Tensor("no such"))
		})
	}
}

func TestWith(t *testing.T) {
	list := with(llamaLayer, Tensor{Role: AttnQ, Cols: Key}, Tensor{Role: "new"}, Tensor{Role: "newer"})
	var roles []Role
	for _, x := range list {
		roles = append(roles, x.Role)
	}
	require.Equal(t, []Role{AttnNorm, AttnQ, "new", "newer", AttnK, AttnV, AttnOut, FFNNorm}, roles)
	require.Equal(t, Key, list[1].Cols)
	require.Equal(t, Embd, llamaLayer[1].Cols, "a change to the copy must not change the table")
}

func TestShapes(t *testing.T) {
	s := Sizes{VocabSize: 100, Dim: 64, FFNDim: 96, NumHeads: 4, NumKVHeads: 2, KeyDim: 24, ValueDim: 40, NumExperts: 8, ExpertFFN: 48, SharedFFN: 80, RopeDim: 20}
	shapes := map[string][]int{}
	for _, experts := range []bool{false, true} {
		for name, x := range Llama.Tensors(1, experts) {
			shapes[name] = x.Shape(&s)
		}
	}
	for name, x := range Qwen3.Tensors(1, false) {
		if strings.Contains(name, "q_norm") {
			shapes[name] = x.Shape(&s)
		}
	}
	for name, x := range Qwen2MoE.Tensors(1, true) {
		if strings.Contains(name, "shexp") {
			shapes[name] = x.Shape(&s)
		}
	}
	require.Equal(t, map[string][]int{
		"token_embd": {100, 64}, "rope_freqs": {10}, "rope_factors_long": {10}, "rope_factors_short": {10}, "output_norm": {64}, "output": {100, 64},
		"blk.0.attn_norm": {64}, "blk.0.attn_q": {96, 64}, "blk.0.attn_k": {48, 64}, "blk.0.attn_v": {80, 64},
		"blk.0.attn_q_norm": {24}, "blk.0.attn_output": {64, 160}, "blk.0.ffn_norm": {64},
		"blk.0.ffn_gate": {96, 64}, "blk.0.ffn_up": {96, 64}, "blk.0.ffn_down": {64, 96},
		"blk.0.ffn_gate_inp": {8, 64}, "blk.0.ffn_gate_exps": {8, 48, 64}, "blk.0.ffn_up_exps": {8, 48, 64}, "blk.0.ffn_down_exps": {8, 64, 48},
		"blk.0.ffn_gate_inp_shexp": {1, 64}, "blk.0.ffn_gate_shexp": {80, 64}, "blk.0.ffn_up_shexp": {80, 64}, "blk.0.ffn_down_shexp": {64, 80},
	}, shapes)
}

func TestMetadata(t *testing.T) {
	h := Hparams{Sizes: Sizes{Dim: 64, FFNDim: 96, NumHeads: 4, NumKVHeads: 2, KeyDim: 16, ValueDim: 16, RopeDim: 16}, Context: 512, Layers: 3, NormEps: 1e-5}
	want := []Pair{
		{"qwen3.context_length", uint32(512)}, {"qwen3.embedding_length", uint32(64)}, {"qwen3.block_count", uint32(3)},
		{"qwen3.feed_forward_length", uint32(96)}, {"qwen3.attention.head_count", uint32(4)}, {"qwen3.attention.head_count_kv", uint32(2)},
		{"qwen3.rope.dimension_count", uint32(16)}, {"qwen3.attention.layer_norm_rms_epsilon", float32(1e-5)},
	}
	require.Equal(t, want, Qwen3.Metadata(&h))
	h.KeyDim, h.NumExperts, h.Used, h.VocabSize, h.RopeBase, h.ExpertFFN, h.SharedFFN = 32, 4, 2, 100, 5e5, 48, 80
	got := Qwen3.Metadata(&h)
	for _, p := range []Pair{
		{"qwen3.vocab_size", uint32(100)}, {"qwen3.attention.key_length", uint32(32)}, {"qwen3.attention.value_length", uint32(16)},
		{"qwen3.expert_count", uint32(4)}, {"qwen3.expert_used_count", uint32(2)}, {"qwen3.expert_feed_forward_length", uint32(48)}, {"qwen3.expert_shared_feed_forward_length", uint32(80)}, {"qwen3.rope.freq_base", float32(5e5)},
	} {
		require.Contains(t, got, p)
	}
}

// TestCheckpointNames compares the tables with the tensors of checkpoints that transformers wrote:
// their names, and their shapes according to config.json.
func TestCheckpointNames(t *testing.T) {
	configs, err := filepath.Glob(filepath.Join(testshared.Path(t, "models/hf"), "*", "config.json"))
	require.NoError(t, err)
	known := map[string]int{}
	for _, path := range configs {
		var c hfConfig
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &c))
		got := safetensors(t, filepath.Dir(path))
		if c.Text != nil { // a model with a language model and a vision model
			text := *c.Text
			text.Architectures = c.Architectures
			c = text
			got = textPart(got)
		}
		i := slices.IndexFunc(All(), func(a *Arch) bool { return len(c.Architectures) == 1 && slices.Contains(a.HF, c.Architectures[0]) })
		if i < 0 || len(got) == 0 {
			continue
		}
		a := All()[i]
		known[a.Name]++
		want := map[string][]int{}
		sizes := c.sizes()
		for name, x := range a.Tensors(c.Layers, c.Experts+c.QwenExperts > 0) {
			layer, _, _ := CutLayer(name)
			if sizes.Taps, sizes.Delta = 0, false; layer < len(c.Kinds) && c.Kinds[layer] == "conv" {
				sizes.Taps = c.Taps
			} else if layer < len(c.Kinds) && c.Kinds[layer] == "linear_attention" {
				sizes.Taps, sizes.Delta = c.DeltaTaps, true
			}
			c.perLayer(&sizes, layer)
			if !sizes.In(x.In) || x.HF == "" || x.ByRows() || x.Role == Output && got["lm_head.weight"] == nil {
				continue
			}
			prefix := "model."
			if x.Role == Output {
				prefix = ""
			} else if n := 0; strings.HasPrefix(name, "blk.") {
				fmt.Sscanf(name, "blk.%d.", &n)
				prefix = fmt.Sprintf("model.layers.%d.", n)
			}
			shape := x.Shape(&sizes)
			if x.Role == ConvTaps || x.Role == DeltaTaps { // checkpoints have an additional dimension of 1, for the input channels
				shape = []int{shape[0], 1, shape[1]}
			}
			if x.Stack != One {
				for e := range shape[0] {
					want[prefix+fmt.Sprintf(x.HF, e)+".weight"] = shape[1:]
				}
				continue
			}
			if x.Bare || x.BareHF {
				want[prefix+x.HF] = shape
				continue
			}
			want[prefix+x.HF+".weight"] = shape
			if x.Bias || c.Biases && strings.Contains(x.HF, "_proj") && !strings.Contains(x.HF, "mlp") && x.Role != AttnOut {
				want[prefix+x.HF+".bias"] = shape[:1]
			}
		}
		if a == &GPTOSS {
			for name := range got { // only the Stacked tensors of experts are left, which a.Tensors does not yield
				if strings.Contains(name, "mlp.experts.") {
					delete(got, name)
				}
			}
		}
		require.Equal(t, want, got, path)
	}
	require.Equal(t, map[string]int{
		"llama": 4, "qwen2": 2, "qwen2moe": 1, "qwen3": 1, "qwen3moe": 1, "gemma": 1, "gemma2": 1, "gemma3": 3,
		"phi3": 3, "smollm3": 1, "olmo2": 2, "granite": 1, "mistral3": 1, "starcoder2": 1, "stablelm": 1, "lfm2": 1, "qwen35": 1,
		"gpt-oss": 2, "gemma4": 1,
	}, known)
}

// textPart returns the tensors of a larger model's language model, under the
// names that they would have in a checkpoint of the language model alone.
func textPart(all map[string][]int) map[string][]int {
	got := map[string][]int{}
	for name, shape := range all {
		if rest, ok := strings.CutPrefix(name, "language_model."); ok {
			got[rest] = shape
		}
	}
	return got
}

// perLayer sets the fields of s that differ from layer to layer, as in Gemma 4.
func (c *hfConfig) perLayer(s *Sizes, layer int) {
	s.KeyDim, s.ValueDim, s.FFNDim = c.sizes().KeyDim, c.sizes().ValueDim, c.FFN
	if own, ok := c.Own[fmt.Sprint(layer)]; ok {
		s.KeyDim, s.ValueDim = own.Head, own.Head
	}
	if len(c.Own) == 0 && c.Shared == 0 {
		return
	}
	if s.SharedKV = c.Shared > 0 && layer >= c.Layers-c.Shared; s.SharedKV && c.Wide {
		s.FFNDim *= 2
	}
}

// hfConfig holds the fields of config.json that determine shapes.
type hfConfig struct {
	Text   *hfConfig `json:"text_config"`
	Inputs int       `json:"hidden_size_per_layer_input"`
	Shared int       `json:"num_kv_shared_layers"`
	Wide   bool      `json:"use_double_wide_mlp"`
	Own    map[string]struct {
		Head int `json:"head_dim"`
	} `json:"per_layer_config"`
	Architectures []string
	Vocab         int      `json:"vocab_size"`
	Dim           int      `json:"hidden_size"`
	FFN           int      `json:"intermediate_size"`
	Heads         int      `json:"num_attention_heads"`
	KVHeads       int      `json:"num_key_value_heads"`
	Head          int      `json:"head_dim"`
	Experts       int      `json:"num_local_experts"`
	QwenExperts   int      `json:"num_experts"`
	ExpertFFN     int      `json:"moe_intermediate_size"`
	SharedFFN     int      `json:"shared_expert_intermediate_size"`
	Layers        int      `json:"num_hidden_layers"`
	Biases        bool     `json:"use_qkv_bias"`
	Kinds         []string `json:"layer_types"`
	Taps          int      `json:"conv_L_cache"`
	DeltaTaps     int      `json:"linear_conv_kernel_dim"`
	DeltaKey      int      `json:"linear_key_head_dim"`
	DeltaValue    int      `json:"linear_value_head_dim"`
	DeltaKeyHeads int      `json:"linear_num_key_heads"`
	DeltaHeads    int      `json:"linear_num_value_heads"`
}

func (c *hfConfig) sizes() Sizes {
	head := c.Head
	if head == 0 {
		head = c.Dim / c.Heads
	}
	return Sizes{VocabSize: c.Vocab, Dim: c.Dim, FFNDim: c.FFN, NumHeads: c.Heads, NumKVHeads: c.KVHeads, KeyDim: head, ValueDim: head, NumExperts: c.Experts + c.QwenExperts, ExpertFFN: cmp.Or(c.ExpertFFN, c.FFN), SharedFFN: c.SharedFFN,
		LayerInput: c.Inputs, AllInputs: c.Inputs * c.Layers,
		SSMState: c.DeltaKey, SSMGroups: c.DeltaKeyHeads, SSMHeads: c.DeltaHeads, SSMInner: c.DeltaHeads * c.DeltaValue}
}

// safetensors returns the shapes of the tensors in the files of a folder.
func safetensors(t *testing.T, dir string) map[string][]int {
	paths, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	require.NoError(t, err)
	shapes := map[string][]int{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var header map[string]struct{ Shape []int }
		require.NoError(t, json.Unmarshal(data[8:8+binary.LittleEndian.Uint64(data)], &header))
		delete(header, "__metadata__")
		for name, x := range header {
			shapes[name] = x.Shape
		}
	}
	return shapes
}
