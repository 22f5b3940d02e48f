package ollama_test

import (
	"fmt"
	"strings"

	"alpaca/internal/store/ollama"
)

// Example reads a manifest of Ollama.
func Example() {
	m, err := ollama.Parse([]byte(`{"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:` + strings.Repeat("ab", 32) + `", "size": 7}]}`))
	if err != nil {
		panic(err)
	}
	layer, err := m.Model()
	fmt.Println(layer.Size, err)
	// Output:
	// 7 <nil>
}
