package peft

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
)

// mixtral returns a small model with experts. Its tensors have names of all kinds.
func mixtral() *Base {
	s := arch.Sizes{VocabSize: 6, Dim: 4, FFNDim: 8, ExpertFFN: 8, NumHeads: 1, NumKVHeads: 1, KeyDim: 4, ValueDim: 4, NumExperts: 2, RopeDim: 4}
	return &Base{Arch: &arch.Llama, Layers: []arch.Sizes{s, s}, Tied: true}
}

// matrix is a tensor of an adapter's file.
type matrix struct {
	rows, cols int
	first      float32 // the elements are first, first+1, ...
}

// folder writes an adapter into a folder and returns the folder's path.
func folder(t testing.TB, config string, tensors map[string]matrix) string {
	dir := t.TempDir()
	type entry struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header, data := map[string]entry{}, []byte{}
	for name, m := range tensors {
		from := len(data)
		for i := range m.rows * m.cols {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(m.first+float32(i)))
		}
		header[name] = entry{"F32", []int{m.rows, m.cols}, [2]int{from, len(data)}}
	}
	text, err := json.Marshal(header)
	require.NoError(t, err)
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, tensorsName), append(file, data...), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigName), []byte(config), 0o666))
	return dir
}

const (
	head  = `{"peft_type": "LORA", "r": 2, "lora_alpha": 3`
	layer = "base_model.model.model.layers.1."
)

// TestScales checks the scale of each module. The scale depends on the module's own rank and alpha.
func TestScales(t *testing.T) {
	modules := map[string]matrix{}
	for _, m := range []string{"q_proj", "k_proj", "v_proj", "o_proj"} {
		modules[layer+"self_attn."+m+".lora_A.weight"] = matrix{2, 4, 0}
		modules[layer+"self_attn."+m+".lora_B.weight"] = matrix{4, 2, 0}
	}
	modules[layer+"self_attn.k_proj.lora_A.weight"], modules[layer+"self_attn.k_proj.lora_B.weight"] = matrix{3, 4, 0}, matrix{4, 3, 0}
	for config, want := range map[string][4]float64{ // k, o, q, v
		head + `, "rank_pattern": {"k_proj": 3}}`:                                                                                   {1, 1.5, 1.5, 1.5},
		head + `, "use_rslora": true, "rank_pattern": {"layers\\.1\\.self_attn\\.k_proj": 3}}`:                                      {3 / math.Sqrt(3), 3 / math.Sqrt2, 3 / math.Sqrt2, 3 / math.Sqrt2},
		head + `, "rank_pattern": {"k_proj": 3}, "alpha_pattern": {"self_attn.[qk]_proj": 6, "q_proj": 8, "attn.v_proj": 100}}`:     {2, 1.5, 3, 1.5},
		head + `, "rank_pattern": {"model.layers.1.self_attn.k_proj": 3}, "bias": "none", "exclude_modules": ["x"], "revision": 3}`: {1, 1.5, 1.5, 1.5},
	} {
		a, err := Read(folder(t, config, modules), mixtral())
		require.NoError(t, err)
		var got []float64
		for _, p := range a.Pairs {
			got = append(got, p.Scale)
		}
		require.InDeltaSlice(t, want[:], got, 1e-12, config)
	}
	_, err := Read(folder(t, head+"}", modules), mixtral())
	require.ErrorContains(t, err, `module "model.layers.1.self_attn.k_proj": its adapter has rank 3, but adapter_config.json says 2`)
}

// TestOrder checks that rows of queries and keys, experts, and the embedding are in the order that
// GGUF has.
func TestOrder(t *testing.T) {
	a, err := Read(folder(t, head+"}", map[string]matrix{
		layer + "self_attn.q_proj.lora_A.weight":                               {2, 4, 0},
		layer + "self_attn.q_proj.lora_B.default.weight":                       {4, 2, 0},
		layer + "block_sparse_moe.experts.1.w2.lora_A.weight":                  {2, 8, 0},
		layer + "block_sparse_moe.experts.1.w2.lora_B.weight":                  {4, 2, 10},
		"base_model.model.model.embed_tokens.lora_embedding_A":                 {2, 6, 0},
		"base_model.model.model.embed_tokens.lora_embedding_B":                 {4, 2, 0},
		"base_model.model.model.embed_tokens.base_layer.weight":                {6, 4, 0},
		"base_model.model.lm_head.modules_to_save.default.weight":              {6, 4, 5},
		"base_model.model.lm_head.original_module.weight":                      {6, 4, 0},
		"base_model.model.model.vision_tower.encoder.layers.0.q.lora_A.weight": {6, 4, 0},
		"base_model.model.model.layers.0.block_sparse_moe.gate.lora_A.weight":  {2, 4, 0},
		"base_model.model.model.layers.0.block_sparse_moe.gate.lora_B.weight":  {2, 2, 0},
		"base_model.model.model.layers.0.post_attention_layernorm.weight":      {1, 4, 7},
	}), mixtral())
	require.NoError(t, err)
	q := a.Find("blk.1.attn_q.weight")
	require.Equal(t, []float32{0, 1, 4, 5, 2, 3, 6, 7}, q.B) // rows 0, 2, 1 and 3 of a head
	require.Equal(t, []float32{0, 1, 2, 3, 4, 5, 6, 7}, q.A)
	down := a.Find("blk.1.ffn_down_exps.weight")
	require.Equal(t, [4]int{2, 4, 8, 2}, [4]int{down.Stack, down.Rows, down.Cols, down.Rank})
	require.Equal(t, make([]float32, 8), down.B[:8])
	require.Equal(t, []float32{10, 11, 12, 13, 14, 15, 16, 17}, down.B[8:])
	embed := a.Find("token_embd.weight")
	require.Equal(t, []float32{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}, embed.B)
	require.Equal(t, []float32{0, 2, 4, 6, 1, 3, 5, 7}, embed.A)
	require.NotNil(t, a.Find("blk.0.ffn_gate_inp.weight"))
	require.Equal(t, []float32{7, 8, 9, 10}, a.FindWhole("blk.0.ffn_norm.weight").Values())
	require.EqualValues(t, 5, a.FindWhole("output.weight").Values()[0])
	require.Len(t, a.Whole, 2)
	require.Equal(t, []string{"1 tensors of parts that do not read text are left out"}, a.Notes)
}

// TestRefusals checks that settings that would change the adapter's meaning are refused with an
// error that names them.
func TestRefusals(t *testing.T) {
	good := map[string]matrix{layer + "self_attn.q_proj.lora_A.weight": {2, 4, 0}, layer + "self_attn.q_proj.lora_B.weight": {4, 2, 0}}
	for config, want := range map[string]string{
		`{`:                             "adapter_config.json: unexpected end of JSON input",
		`null`:                          "adapter_config.json: it is not a JSON object",
		`{"peft_type": "IA3"}`:          `peft_type is "IA3": only LORA is supported`,
		head + `, "use_dora": true}`:    "use_dora: the directions of whole matrices are scaled anew (DoRA), which is not supported",
		head + `, "bias": "lora_only"}`: `bias: "lora_only": biases of the model were trained, which is not supported`,
		head + `, "lora_bias": true}`:   "lora_bias: the adapters have biases, which is not supported",
		head + `, "layer_replication": [[0, 1]]}`:                  "layer_replication: layers of the model are used several times",
		head + `, "alora_invocation_tokens": [5]}`:                 "alora_invocation_tokens: the adapter takes effect only after certain tokens (aLoRA)",
		head + `, "trainable_token_indices": [5]}`:                 "trainable_token_indices: single rows of the embedding were trained",
		head + `, "use_qalora": true}`:                             "use_qalora: ",
		head + `, "use_bdlora": {"a": 1}}`:                         "use_bdlora: ",
		head + `, "velora_config": {"a": 1}}`:                      "velora_config: ",
		head + `, "kasa_config": {"a": 1}}`:                        "kasa_config: ",
		head + `, "monteclora_config": {"a": 1}}`:                  "monteclora_config: ",
		head + `, "arrow_config": {"a": 1}}`:                       "arrow_config: ",
		head + `, "init_lora_weights": "pissa_niter_4"}`:           `init_lora_weights: "pissa_niter_4": this initialization changes the base model`,
		head + `, "init_lora_weights": "olora"}`:                   `init_lora_weights: "olora"`,
		head + `, "use_something": true}`:                          "use_something: this key is not known; it may change what the adapter means",
		head + `, "rank_pattern": {"(?=x)": 3}}`:                   `rank_pattern: "(?=x)" is not a supported regular expression`,
		head + `, "rank_pattern": {"x": "3"}}`:                     `rank_pattern: "x": must be a number`,
		head + `, "alpha_pattern": [3]}`:                           "alpha_pattern: must be an object of names and numbers",
		`{"peft_type": "LORA", "r": 0}`:                            "r: 0, must be positive",
		`{"peft_type": "LORA", "r": 2, "lora_alpha": 1e300}`:       "lora_alpha: 1e+300 is too large",
		`{"peft_type": "LORA", "r": 2, "lora_alpha": "much"}`:      "lora_alpha: ",
		head + `, "use_something": false, "fan_in_fan_out": true}`: "",
	} {
		_, err := Read(folder(t, config, good), mixtral())
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
	for name, tt := range map[string]struct {
		m    matrix
		want string
	}{
		"base_model.model.model.layers.1.self_attn.q_proj.lora_magnitude_vector":   {matrix{1, 4, 0}, "DoRA's, which are not supported"},
		"base_model.model.model.layers.1.self_attn.k_proj.lora_B.bias":             {matrix{1, 4, 0}, "its adapters have biases"},
		"base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta": {matrix{1, 4, 0}, "single rows of the embedding were trained"},
		"base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight":           {matrix{2, 4, 0}, `module "model.layers.1.self_attn.k_proj": only one of lora_A and lora_B is there`},
		"base_model.model.model.layers.7.input_layernorm.weight":                   {matrix{1, 4, 0}, "the model has 2 layers"},
		"base_model.model.model.layers.1.self_attn.other_proj.weight":              {matrix{1, 4, 0}, `models of the architecture llama have no "model.layers.1.self_attn.other_proj.weight"`},
		"base_model.model.model.layers.1.input_layernorm.weight":                   {matrix{1, 5, 0}, "has the shape [1 5], but the model's tensor has 4 elements"},
		"base_model.model.model.layers.1.block_sparse_moe.experts.1.w1.weight":     {matrix{8, 4, 0}, "whole experts cannot be replaced"},
		"base_model.model.model.embed_tokens.base_layer.weight":                    {matrix{7, 4, 0}, "the adapter is of a model with another vocabulary"},
		"base_model.model.model.norm.weight":                                       {matrix{1, 4, float32(math.NaN())}, ""},
	} {
		tensors := map[string]matrix{name: tt.m}
		for k, v := range good {
			tensors[k] = v
		}
		_, err := Read(folder(t, head+"}", tensors), mixtral())
		if tt.want != "" {
			require.ErrorContains(t, err, tt.want)
		}
	}
	_, err := Read(folder(t, head+"}", map[string]matrix{layer + "self_attn.q_proj.lora_A.weight": {2, 5, 0}, layer + "self_attn.q_proj.lora_B.weight": {4, 2, 0}}), mixtral())
	require.ErrorContains(t, err, `module "model.layers.1.self_attn.q_proj" is [4, 4], but its adapter is [4 2]·[2 5]`)
	_, err = Read(folder(t, head+"}", nil), mixtral())
	require.ErrorContains(t, err, "the adapter has no tensors")
	dir := folder(t, head+"}", good)
	require.NoError(t, os.Remove(filepath.Join(dir, tensorsName)))
	_, err = Read(dir, mixtral())
	require.ErrorContains(t, err, "neither adapter_model.safetensors nor adapter_model.bin is there")
	require.True(t, IsFolder(dir))
	require.False(t, IsFolder(filepath.Join(dir, "none")))
}

// TestTied checks that a tied output gets the adapter of the embedding if the configuration has
// ensure_weight_tying.
func TestTied(t *testing.T) {
	pair := map[string]matrix{"base_model.model.model.embed_tokens.lora_embedding_A": {2, 6, 0}, "base_model.model.model.embed_tokens.lora_embedding_B": {4, 2, 0}}
	whole := map[string]matrix{"base_model.model.model.embed_tokens.weight": {6, 4, 0}}
	for config, tied := range map[string]bool{head + "}": false, head + `, "ensure_weight_tying": true}`: true} {
		a, err := Read(folder(t, config, pair), mixtral())
		require.NoError(t, err)
		require.Equal(t, tied, a.Find("output.weight") != nil)
		a, err = Read(folder(t, config, whole), mixtral())
		require.NoError(t, err)
		require.Equal(t, tied, a.FindWhole("output.weight") != nil)
		untied := mixtral()
		untied.Tied = false
		a, err = Read(folder(t, config, pair), untied)
		require.NoError(t, err)
		require.Nil(t, a.Find("output.weight"))
	}
}

// FuzzFolder reads folders of arbitrary bytes. The result must be an error, or an adapter whose
// matrices have the stated sizes.
func FuzzFolder(f *testing.F) {
	dir := folder(f, head+`, "rank_pattern": {"x": 3}}`, map[string]matrix{
		layer + "self_attn.q_proj.lora_A.weight": {2, 4, 0}, layer + "self_attn.q_proj.lora_B.weight": {4, 2, 0},
		"base_model.model.lm_head.weight": {6, 4, 0}, layer + "mlp.experts.lora_A.weight": {4, 4, 0}, layer + "mlp.experts.lora_B.weight": {16, 4, 0},
	})
	config, err := os.ReadFile(filepath.Join(dir, ConfigName))
	require.NoError(f, err)
	tensors, err := os.ReadFile(filepath.Join(dir, tensorsName))
	require.NoError(f, err)
	f.Add(config, tensors)
	f.Fuzz(func(t *testing.T, config, tensors []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigName), config, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(dir, tensorsName), tensors, 0o666))
		a, err := Read(dir, mixtral())
		if err != nil {
			return
		}
		for _, p := range a.Pairs {
			n := max(1, p.Stack)
			require.Len(t, p.A, n*p.Rank*p.Cols)
			require.Len(t, p.B, n*p.Rank*p.Rows)
		}
		for _, w := range a.Whole {
			require.Len(t, w.Data, w.Elems()/w.Shape[len(w.Shape)-1]*w.Type.RowBytes(w.Shape[len(w.Shape)-1]))
		}
	})
}
