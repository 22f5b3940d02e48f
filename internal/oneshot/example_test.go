package oneshot_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/oneshot"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// Example asks a model for eight tokens.
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
	e, err := engine.New(m, engine.Options{})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	p := sampler.DefaultParams()
	a, err := oneshot.NewLocal(e, nil, p).Ask(context.Background(), oneshot.Query{Prompt: "the llama", MaxTokens: 8, Seed: 1})
	fmt.Println(a.Tokens, err)
	// Output:
	// 8 <nil>
}
