package drafter_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/engine/drafter"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// Example drafts for a model with the model itself, which needs no second file.
func Example() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.gguf", os.Getpid()))
	defer os.Remove(path)
	testmodel.SPM(1).WriteTo(path)
	f, err := gguf.Open(path)
	if err != nil {
		panic(err)
	}
	m, err := model.Load(f, model.LoadOptions{})
	if err != nil {
		panic(err)
	}
	defer m.Close()
	d, err := drafter.New(m, m, drafter.Options{Ctx: 64, Texts: 1})
	if err != nil {
		panic(err)
	}
	defer d.Close()
	tokens := m.Tokenizer.Encode("the llama", true, false)
	ask := &drafter.Ask{Text: d.Open(tokens), Tokens: tokens, Max: 3}
	if _, err := d.Write([]*drafter.Ask{ask}); err != nil {
		panic(err)
	}
	fmt.Println(len(ask.Draft), "tokens")
	// Output:
	// 3 tokens
}
