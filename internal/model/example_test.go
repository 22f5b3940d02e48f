package model_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// Example evaluates three tokens and prints how many logits follow.
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
	s, err := m.NewSession(model.SessionOptions{Ctx: 32})
	if err != nil {
		panic(err)
	}
	logits, err := s.Eval(context.Background(), []int32{1, 2, 3}, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Pos(), "tokens,", len(logits) == m.Config.VocabSize)
	// Output:
	// 3 tokens, true
}
