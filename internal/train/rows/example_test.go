package rows_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/dataset"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
	"alpaca/internal/tokenizer"
	"alpaca/internal/train/rows"
)

// Example makes a row with a label from a text.
func Example() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.gguf", os.Getpid()))
	defer os.Remove(path)
	testmodel.SPM(1).WriteTo(path)
	f, err := gguf.Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	if err != nil {
		panic(err)
	}
	m := rows.Maker{Tokenizer: tok, MaxLength: 64}
	r, err := m.Make([]dataset.Record{{Line: 1, Text: "the llama"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(r.Examples), r.Tokens > 2, r.Cut)
	// Output:
	// 1 true 0
}
