package builtin_test

import (
	"fmt"

	"alpaca/internal/builtin"
	"alpaca/internal/gguf"
)

// Example opens the built-in model.
func Example() {
	f, err := builtin.Open(gguf.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	arch, _, _ := f.String("general.architecture")
	fmt.Println(arch)
	// Output:
	// llama
}
