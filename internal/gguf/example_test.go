package gguf_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// Example writes a file with a key and a tensor, and reads it.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "small.gguf")
	w, err := gguf.Create(path, []gguf.KV{{Key: "general.name", Value: gguf.Str("small")}},
		[]gguf.Tensor{{Name: "a.weight", Type: quant.F32, Shape: []int{1, 2}}})
	if err != nil {
		panic(err)
	}
	defer w.Abort()
	w.Begin("a.weight")
	w.Write(make([]byte, 8))
	if err := w.Commit(); err != nil {
		panic(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	name, _, _ := f.String("general.name")
	fmt.Println(name, f.Tensor("a.weight").Shape, f.Tensor("a.weight").Type)
	// Output:
	// small [1 2] F32
}
