package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRead checks that reading a config.json gives an error, or layers with positive sizes.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"architectures":["LlamaForCausalLM"],"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":96,"rope_scaling":{"rope_type":"llama3","factor":8.0}}`))
	f.Add([]byte(`{"architectures":["Qwen3MoeForCausalLM"],"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":96,"num_experts":4,"x":NaN}`))
	f.Add([]byte(`{"architectures":["Lfm2ForCausalLM"],"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":96,"layer_types":["conv","full_attention"]}`))
	f.Add([]byte(`{"architectures":["Gemma4ForCausalLM"],"hidden_size":64,"num_hidden_layers":3,"num_attention_heads":4,"num_kv_shared_layers":1,"layer_types":["sliding_attention","full_attention","full_attention"],"per_layer_config":{"1":{"head_dim":24}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Read(Parse(raw, "config.json"))
		if err != nil {
			return
		}
		require.NotEmpty(t, m.Layers)
		for _, s := range m.Layers {
			require.Positive(t, s.Dim)
			require.Positive(t, s.NumHeads)
		}
		_, err = ReadMeta(Parse(raw, "params.json"), 96)
		_ = err
	})
}
