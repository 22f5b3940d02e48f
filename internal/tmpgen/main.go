// Package main is temporary.
package main

import (
	"context"
	"os"
	"strings"

	"alpaca/internal/bench"
	"alpaca/internal/gguf"
)

func main() {
	s, err := bench.Synthetic(context.Background(), os.Args[1], 0)
	if err != nil {
		panic(err)
	}
	v, err := gguf.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	kv := s.KV
	for _, e := range v.KV {
		if strings.HasPrefix(e.Key, "tokenizer.") {
			kv = append(kv, e)
		}
	}
	var list []gguf.Tensor
	for _, t := range s.Tensors {
		list = append(list, t)
	}
	w, err := gguf.Create(os.Args[3], kv, list)
	if err != nil {
		panic(err)
	}
	for _, t := range s.Tensors {
		if err := w.WriteTensor(t.Name, t.Data); err != nil {
			panic(err)
		}
	}
	if err := w.Commit(); err != nil {
		panic(err)
	}
}
