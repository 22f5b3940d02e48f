package convert

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// array is a tensor of a safetensors file.
type array struct {
	dtype string
	shape []int
	data  []byte
}

// f32s is an array of float32 that count up in steps of 1/64.
func f32s(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	a := array{dtype: "F32", shape: shape}
	for i := range n {
		a.data = binary.LittleEndian.AppendUint32(a.data, math.Float32bits(float32(i%97)/64))
	}
	return a
}

// writeSafetensors writes a file. Its tensors are in the order of their names.
func writeSafetensors(t *testing.T, path string, tensors map[string]array) {
	writeInOrder(t, path, tensors, slices.Sorted(maps.Keys(tensors)))
}

// writeInOrder writes a file whose tensors are in the order of names.
func writeInOrder(t *testing.T, path string, tensors map[string]array, names []string) {
	head := map[string]any{}
	var data []byte
	for _, name := range names {
		a := tensors[name]
		head[name] = map[string]any{"dtype": a.dtype, "shape": a.shape, "data_offsets": []int{len(data), len(data) + len(a.data)}}
		data = append(data, a.data...)
	}
	raw, err := json.Marshal(head)
	require.NoError(t, err)
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(raw)))
	require.NoError(t, os.WriteFile(path, append(append(out, raw...), data...), 0o644))
}

// llama are the tensors of a LLaMA of one layer, 32 wide, with two heads and four tokens.
func llama() map[string]array {
	const p = "model.layers.0."
	return map[string]array{
		"model.embed_tokens.weight": f32s(4, 32), "model.norm.weight": f32s(32), "lm_head.weight": f32s(4, 32),
		p + "input_layernorm.weight": f32s(32), p + "post_attention_layernorm.weight": f32s(32),
		p + "self_attn.q_proj.weight": f32s(32, 32), p + "self_attn.k_proj.weight": f32s(16, 32), p + "self_attn.v_proj.weight": f32s(16, 32), p + "self_attn.o_proj.weight": f32s(32, 32),
		p + "mlp.gate_proj.weight": f32s(64, 32), p + "mlp.up_proj.weight": f32s(64, 32), p + "mlp.down_proj.weight": f32s(32, 64),
	}
}

const llamaConfig = `{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":32,"intermediate_size":64,"num_hidden_layers":1,
"num_attention_heads":2,"num_key_value_heads":1,"vocab_size":4,"rms_norm_eps":1e-5,"eos_token_id":[2,3],"bos_token_id":1}`

const tinyTokenizer = `{"added_tokens":[{"id":2,"content":"</s>","special":true}],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel"},
"post_processor":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":3},"merges":[["a","b"]]}}`

// writeFolder writes a checkpoint. An entry of files replaces or adds a file; an empty entry
// removes one.
func writeFolder(t *testing.T, tensors map[string]array, files map[string]string) string {
	dir := filepath.Join(t.TempDir(), "Tiny-LLaMA-8K-Instruct-v1.5")
	require.NoError(t, os.Mkdir(dir, 0o755))
	all := map[string]string{"config.json": llamaConfig, "tokenizer.json": tinyTokenizer}
	maps.Copy(all, files)
	for name, text := range all {
		if text != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
	}
	if tensors != nil {
		writeSafetensors(t, filepath.Join(dir, "model.safetensors"), tensors)
	}
	return dir
}
