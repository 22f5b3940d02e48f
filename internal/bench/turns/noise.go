package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"alpaca/internal/bench"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
)

// writeNoise writes each model in specs, such as "7B:q4_0", to a
// file in dir, and returns the paths. The weights are random. The
// files say that they have no vocabulary. llama-bench needs none.
func writeNoise(ctx context.Context, dir string, specs []string) (paths []string, err error) {
	for _, spec := range specs {
		f, err := bench.Synthetic(ctx, spec, machine.FreeMemory())
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, strings.ReplaceAll(spec, ":", "-")+".gguf")
		if err := writeModel(path, f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// writeModel writes f to a file at path.
func writeModel(path string, f *gguf.File) error {
	w, err := gguf.Create(path, append(slices.Clone(f.KV), gguf.KV{Key: "tokenizer.ggml.model", Value: gguf.Str("none")}), f.Tensors)
	if err != nil {
		return err
	}
	defer w.Abort()
	for i := range f.Tensors {
		if err := w.WriteTensor(f.Tensors[i].Name, f.Tensors[i].Data); err != nil {
			return err
		}
	}
	return w.Commit()
}
