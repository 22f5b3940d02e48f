package convert

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/quantize"
)

// TestRunFolder converts a checkpoint and checks the output file.
func TestRunFolder(t *testing.T) {
	dir := writeFolder(t, llama(), map[string]string{
		"generation_config.json": `{"temperature":0.5,"top_k":20,"repetition_penalty":1.1,"eos_token_id":[2]}`,
		"README.md":              "---\nlicense: apache-2.0\nlanguage:\n- no\n- en\nbase_model: someone/Base-7B\ntags: [a, b]\n---\n# x",
		"chat_template.jinja":    "{{ messages }}",
	})
	out := filepath.Join(t.TempDir(), "out.gguf")
	res, err := RunFolder(context.Background(), dir, out, FolderOptions{Type: "q8_0"})
	require.NoError(t, err)
	require.Equal(t, "llama", res.Arch)
	f, err := gguf.Open(out)
	require.NoError(t, err)
	defer f.Close()
	want := map[string]any{
		"general.architecture": "llama", "general.type": "model", "general.name": "Tiny LLaMA 8K Instruct v1.5", "general.basename": "Tiny-LLaMA",
		"general.finetune": "Instruct", "general.version": "v1.5", "general.size_label": "8K", "general.license": "apache-2.0",
		"general.base_model.count": uint64(1), "general.base_model.0.name": "Base 7B", "general.base_model.0.organization": "Someone",
		"general.base_model.0.repo_url": "https://huggingface.co/someone/Base-7B", "general.tags": []string{"a", "b"}, "general.languages": []string{"no", "en"},
		"general.sampling.temp": float32(0.5), "general.sampling.top_k": int64(20), "general.sampling.penalty_repeat": float32(1.1),
		"general.file_type": uint64(gguf.MostlyQ8_0), "general.quantization_version": uint64(2),
		"llama.embedding_length": uint64(32), "llama.context_length": uint64(2048), "tokenizer.ggml.normalizer": "NFC",
		"tokenizer.ggml.eos_token_ids": []int64{2, 3}, "tokenizer.ggml.tokens": []string{"a", "b", "</s>", "ab"}, "tokenizer.ggml.merges": []string{"a b"},
		"tokenizer.chat_template": "{{ messages }}",
	}
	for key, value := range want {
		v, ok := f.Value(key)
		require.True(t, ok, key)
		require.Equal(t, value, v.Any(), key)
	}
	require.Equal(t, quant.Q8_0, f.Tensor("blk.0.attn_q.weight").Type)
	require.Equal(t, quant.F32, f.Tensor("blk.0.attn_norm.weight").Type)

	// The type auto keeps float32 weights, but the reference converts them to float16.
	res, err = RunFolder(context.Background(), dir, out, FolderOptions{Type: Auto, Force: true})
	require.NoError(t, err)
	require.Equal(t, "F32", res.Mix.Name)
	require.Contains(t, strings.Join(res.Notes, "\n"), "weights stay F32")
}

// TestAnyType checks that converting to a type in one step gives the same bytes as converting
// to F32 and then quantizing.
func TestAnyType(t *testing.T) {
	dir := writeFolder(t, llama(), nil)
	f32 := filepath.Join(t.TempDir(), "f32.gguf")
	_, err := RunFolder(context.Background(), dir, f32, FolderOptions{Type: "f32"})
	require.NoError(t, err)
	for _, name := range []string{"BF16", "Q4_0", "Q4_K_M", "IQ4_NL"} {
		mix, err := quantize.ParseMix(name)
		require.NoError(t, err)
		one, two := filepath.Join(t.TempDir(), "one.gguf"), filepath.Join(t.TempDir(), "two.gguf")
		_, err = RunFolder(context.Background(), dir, one, FolderOptions{Type: name})
		require.NoError(t, err, mix.Name)
		f, err := gguf.Open(f32)
		require.NoError(t, err)
		plan, err := quantize.NewPlan(f, quantize.Options{Mix: mix})
		require.NoError(t, err)
		_, err = plan.Run(context.Background(), two, quantize.RunOptions{})
		require.NoError(t, err)
		require.NoError(t, f.Close())
		a, err := os.ReadFile(one)
		require.NoError(t, err)
		b, err := os.ReadFile(two)
		require.NoError(t, err)
		require.True(t, string(a) == string(b), mix.Name)
	}
}

// TestAnyOrder checks that the order of tensors in a file never matters.
func TestAnyOrder(t *testing.T) {
	tensors := llama()
	var files []string
	for i := range 3 {
		dir := writeFolder(t, nil, nil)
		names := slices.Sorted(maps.Keys(tensors))
		switch i {
		case 1:
			slices.Reverse(names)
		case 2: // by size, although the library of safetensors orders tensors by type
			slices.SortStableFunc(names, func(a, b string) int { return len(tensors[b].data) - len(tensors[a].data) })
		}
		writeInOrder(t, filepath.Join(dir, "model.safetensors"), tensors, names)
		out := filepath.Join(t.TempDir(), "out.gguf")
		_, err := RunFolder(context.Background(), dir, out, FolderOptions{Type: "q8_0"})
		require.NoError(t, err)
		raw, err := os.ReadFile(out)
		require.NoError(t, err)
		files = append(files, string(raw))
	}
	require.True(t, files[0] == files[1] && files[0] == files[2])
}

// TestBadFolders checks checkpoints that must be refused, without writing an output.
func TestBadFolders(t *testing.T) {
	with := func(name string, a array) map[string]array {
		m := llama()
		m[name] = a
		return m
	}
	without := func(name string) map[string]array {
		m := llama()
		delete(m, name)
		return m
	}
	config := func(old, new string) map[string]string {
		return map[string]string{"config.json": strings.Replace(llamaConfig, old, new, 1)}
	}
	index := func(entries string) map[string]string {
		return map[string]string{"model.safetensors.index.json": `{"weight_map":{` + entries + `}}`}
	}
	tests := []struct {
		name    string
		tensors map[string]array
		files   map[string]string
		want    string
	}{
		{"a tensor is missing", without("model.layers.0.mlp.up_proj.weight"), nil, `tensor "layers.0.mlp.up_proj.weight", which becomes "blk.0.ffn_up.weight", is missing`},
		{"an unknown tensor", with("model.layers.0.mlp.extra.weight", f32s(2)), nil, `tensor "model.layers.0.mlp.extra.weight", F32 [2], has no place in llama`},
		{"two unknown tensors", func() map[string]array {
			m := with("model.layers.0.mlp.extra.weight", f32s(2))
			m["model.layers.0.mlp.other.weight"] = f32s(2)
			return m
		}(), nil, `tensor "model.layers.0.mlp.extra.weight", F32 [2], and 1 more have no place in llama`},
		{"a wrong type", with("model.norm.weight", array{"I64", []int{4}, make([]byte, 32)}), nil, `tensor "model.norm.weight" has the type I64, want floating point numbers`},
		{"a wrong shape", with("model.layers.0.self_attn.v_proj.weight", f32s(32, 16)), nil, `tensor "model.layers.0.self_attn.v_proj.weight" has the shape [32 16], want [16 32]`},
		{"untied without output", without("lm_head.weight"), config(`"vocab_size"`, `"tie_word_embeddings":false,"vocab_size"`), `tensor "lm_head.weight" is missing, but it is needed because tie_word_embeddings is false`},
		{"a missing shard", nil, index(`"a":"model-00001-of-00002.safetensors"`), "shard model-00001-of-00002.safetensors is missing"},
		{"a file outside the folder", nil, index(`"a":"../x.safetensors"`), `tensor "a" is in "../x.safetensors", which is not the name of a file in this folder`},
		{"not in the index", llama(), index(`"model.norm.weight":"model.safetensors"`), "is not in the index"},
		{"only in the index", llama(), index(`"x":"model.safetensors"`), "is not in the index"},
		{"no weights", nil, nil, "no weights"},
		{"no tokenizer", llama(), map[string]string{"tokenizer.json": ""}, "no tokenizer"},
		{"an unknown way to cut words", llama(), map[string]string{"tokenizer.json": strings.Replace(tinyTokenizer, `{"type":"ByteLevel"}`, `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"x+"}},{"type":"ByteLevel","use_regex":false}]}`, 1)}, `pre_tokenizer "x+" cuts text into words in a way that has no name in GGUF`},
		{"WordPiece", llama(), map[string]string{"tokenizer.json": strings.Replace(tinyTokenizer, `"BPE"`, `"WordPiece"`, 1)}, `a tokenizer of type "WordPiece" is not supported`},
		{"another architecture", llama(), config("LlamaForCausalLM", "MambaForCausalLM"), `architecture "MambaForCausalLM" is not supported, only llama`},
		{"a wrong number", llama(), config(`"hidden_size":32`, `"hidden_size":"x"`), "hidden_size is x, want a whole number"},
		{"a missing number", llama(), config(`"hidden_size":32,`, ``), "hidden_size is missing"},
		{"too many layers", llama(), config(`"num_hidden_layers":1`, `"num_hidden_layers":999999`), "num_hidden_layers is 999999, want 1 to 4096"},
		{"another activation", llama(), config(`"vocab_size"`, `"hidden_act":"relu","vocab_size"`), `hidden_act "relu" is not supported`},
		{"rope", llama(), config(`"vocab_size"`, `"rope_scaling":{"rope_type":"odd"},"vocab_size"`), `rope scaling "odd" is not supported`},
		{"quantized", llama(), config(`"vocab_size"`, `"quantization_config":{"quant_method":"aqlm"},"vocab_size"`), `weights quantized by "aqlm" are not supported`},
		{"depth", llama(), map[string]string{"config.json": strings.Repeat("[", 100000)}, "config.json: "},
		{"config.json is cut", llama(), map[string]string{"config.json": `{"a":`}, "config.json: unexpected EOF"},
		{"more tokens than rows", llama(), map[string]string{"tokenizer.json": strings.Replace(tinyTokenizer, `"ab":3`, `"ab":9`, 1)}, "10 tokens, but the embedding has 4 rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeFolder(t, tt.tensors, tt.files)
			out := filepath.Join(t.TempDir(), "out.gguf")
			_, err := RunFolder(context.Background(), dir, out, FolderOptions{Type: "f32"})
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "\n")
			require.NoFileExists(t, out)
		})
	}
}

// TestTied checks that an output matrix in the checkpoint is used, whatever
// tie_word_embeddings says.
func TestTied(t *testing.T) {
	for _, tied := range []string{`"tie_word_embeddings":true,`, ``} {
		for _, has := range []bool{true, false} {
			tensors := llama()
			if !has {
				delete(tensors, "lm_head.weight")
			}
			dir := writeFolder(t, tensors, map[string]string{"config.json": strings.Replace(llamaConfig, `"vocab_size"`, tied+`"vocab_size"`, 1)})
			out := filepath.Join(t.TempDir(), "out.gguf")
			_, err := RunFolder(context.Background(), dir, out, FolderOptions{Type: "f32"})
			require.NoError(t, err)
			f, err := gguf.Open(out)
			require.NoError(t, err)
			require.Equal(t, has, f.Tensor("output.weight") != nil)
			require.NoError(t, f.Close())
		}
	}
}

// TestSplit checks that a file which is split and joined again has the same bytes, and that
// RunFolder can write parts directly.
func TestSplit(t *testing.T) {
	dir := writeFolder(t, llama(), nil)
	whole := filepath.Join(t.TempDir(), "whole.gguf")
	_, err := RunFolder(context.Background(), dir, whole, FolderOptions{Type: "f32"})
	require.NoError(t, err)
	for _, opt := range []SplitOptions{
		{Split: quantize.Split{MaxTensors: 5}}, {Split: quantize.Split{MaxBytes: 9000}}, {Split: quantize.Split{MaxTensors: 20}, NoTensorFirst: true}, {Split: quantize.Split{MaxBytes: 1}},
	} {
		f, err := gguf.OpenWith(whole, gguf.Options{HeaderOnly: true, NoMap: true})
		require.NoError(t, err)
		plan := PlanSplit(f, filepath.Join(t.TempDir(), "part"), opt)
		require.NoError(t, Split(context.Background(), f, plan, opt))
		require.NoError(t, f.Close())
		require.Greater(t, len(plan.Outputs), 1)
		for i, path := range plan.Outputs {
			require.Contains(t, path, fmt.Sprintf("part-%05d-of-%05d.gguf", i+1, len(plan.Outputs)))
		}
		back := filepath.Join(t.TempDir(), "back.gguf")
		f, err = gguf.OpenWith(plan.Outputs[len(plan.Outputs)-1], gguf.Options{HeaderOnly: true, NoMap: true})
		require.NoError(t, err)
		require.NoError(t, Join(context.Background(), f, back, SplitOptions{}))
		require.NoError(t, f.Close())
		a, err := os.ReadFile(whole)
		require.NoError(t, err)
		b, err := os.ReadFile(back)
		require.NoError(t, err)
		require.True(t, string(a) == string(b), opt)
	}
	parts := filepath.Join(t.TempDir(), "direct.gguf")
	res, err := RunFolder(context.Background(), dir, parts, FolderOptions{Type: "q8_0", Split: quantize.Split{MaxTensors: 4}})
	require.NoError(t, err)
	require.Len(t, res.Outputs, 3)
	f, err := gguf.Open(res.Outputs[0])
	require.NoError(t, err)
	require.Len(t, f.Tensors, 12)
	require.NoError(t, f.Close())
}
