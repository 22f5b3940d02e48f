package config_test

import (
	"fmt"

	"alpaca/internal/checkpoint/config"
)

// Example reads the configuration of a small LLaMA.
func Example() {
	o := config.Parse([]byte(`{"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2,
		"num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 300}`), "config.json")
	m, err := config.Read(o)
	if err != nil {
		panic(err)
	}
	fmt.Println(m.Arch.Name, len(m.Layers), "layers,", m.Vocab, "tokens")
	// Output:
	// llama 2 layers, 300 tokens
}
