package registry_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"alpaca/internal/store/ref"
	"alpaca/internal/store/registry"
	"alpaca/internal/store/web"
)

// Example asks a registry on this machine for a model's layers.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:%s", "size": 7}]}`,
			strings.Repeat("ab", 32))
	}))
	defer server.Close()
	name, err := ref.Parse("ollama:" + strings.TrimPrefix(server.URL, "http://") + "/library/llama:latest")
	if err != nil {
		panic(err)
	}
	m, _, err := registry.New(web.New(web.Options{Agent: "example"}), name).Manifest(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(len(m.Layers), "layer of", m.Layers[0].Size, "bytes")
	// Output:
	// 1 layer of 7 bytes
}
