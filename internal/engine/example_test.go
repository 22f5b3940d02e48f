package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/sampler"
	"alpaca/internal/testmodel"
)

// Example sends two requests at once. Each answer is the same as if its request were alone.
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
	e, err := engine.New(m, engine.Options{Parallel: 2})
	if err != nil {
		panic(err)
	}
	defer e.Close()

	p := sampler.DefaultParams()
	p.Seed = 42
	var streams []*engine.Stream
	for _, prompt := range []string{"the llama", "an alpaca"} {
		s, err := e.Submit(context.Background(), engine.Request{
			Prompt: m.Tokenizer.Encode(prompt, true, false), MaxTokens: 8, Sampling: p,
		})
		if err != nil {
			panic(err)
		}
		streams = append(streams, s)
	}
	for _, s := range streams {
		n := 0
		for _, ok := s.Next(); ok; _, ok = s.Next() {
			n++
		}
		fmt.Println(n, "tokens:", s.Results()[0].Reason)
	}
	// Output:
	// 8 tokens: length
	// 8 tokens: length
}
