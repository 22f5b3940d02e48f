// Command write writes one of the models of the top-level folder testdata to a file:
//
//	go run ./internal/testmodel/write qwen3 tiny-qwen3.gguf
package main

import (
	"fmt"
	"os"

	"alpaca/internal/testmodel"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 2 {
		for _, m := range testmodel.Catalog() {
			if m.Name == args[0] {
				return m.Spec.Make().WriteTo(args[1])
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: go run ./internal/testmodel/write NAME FILE\n\nNAME is one of:")
	for _, m := range testmodel.Catalog() {
		fmt.Fprintln(os.Stderr, " ", m.Name)
	}
	return fmt.Errorf("there is no model of this name")
}
