package ref_test

import (
	"fmt"

	"alpaca/internal/store/ref"
)

// Example parses the name of a model.
func Example() {
	r, err := ref.Parse("hf:HuggingFaceTB/SmolLM2-135M-Instruct-GGUF:Q4_K_M")
	if err != nil {
		panic(err)
	}
	fmt.Println(r.RepoName(), r.Rev())
	// Output:
	// HuggingFaceTB/SmolLM2-135M-Instruct-GGUF main
}
