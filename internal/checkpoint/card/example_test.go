package card_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/checkpoint/card"
)

// Example reads the model card in a README.md.
func Example() {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d", os.Getpid()))
	defer os.RemoveAll(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("---\nlicense: mit\n---\n# A llama\n"), 0o600); err != nil {
		panic(err)
	}
	kv, _ := card.Read(dir, card.Options{Name: "Tiny llama"})
	for _, pair := range kv {
		if pair.Key == "general.name" || pair.Key == "general.license" {
			fmt.Println(pair.Key, pair.Value)
		}
	}
	// Unordered output:
	// general.name "Tiny llama"
	// general.license "mit"
}
