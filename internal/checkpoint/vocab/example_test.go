package vocab_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/checkpoint/vocab"
)

// Example reads a tokenizer of four tokens.
func Example() {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d", os.Getpid()))
	defer os.RemoveAll(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		panic(err)
	}
	text := `{"pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}, "added_tokens": [{"id": 3, "content": "<end>", "special": true}]}`
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(text), 0o600); err != nil {
		panic(err)
	}
	v, err := vocab.Read(vocab.Options{Dir: dir, Pre: "gpt-2"})
	if err != nil {
		panic(err)
	}
	fmt.Println(v.Size, "tokens")
	// Output:
	// 4 tokens
}
