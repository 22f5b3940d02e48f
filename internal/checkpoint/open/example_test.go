package open_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"alpaca/internal/checkpoint/open"
)

// Example opens a folder in which a tensor is missing, and prints the error.
func Example() {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d", os.Getpid()))
	defer os.RemoveAll(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		panic(err)
	}
	header := `{"model.norm.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}`
	raw := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+"\x00\x00\x80\x3f"...)
	for name, text := range map[string]string{
		"config.json":       `{"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 4}`,
		"tokenizer.json":    `{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}, "added_tokens": [{"id": 3, "content": "<end>", "special": true}]}`,
		"model.safetensors": string(raw),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	_, err := open.Open(dir, open.Options{Pre: "gpt-2"})
	fmt.Println(strings.Replace(err.Error(), dir, "DIR", 1))
	// Output:
	// checkpoint: DIR: tensor "embed_tokens.weight", the embedding, is missing
}
