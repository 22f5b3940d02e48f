package pull_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"alpaca/internal/store"
	"alpaca/internal/store/place"
	"alpaca/internal/store/pull"
	"alpaca/internal/store/ref"
	"alpaca/internal/store/web"
	"alpaca/internal/testmodel"
)

// Example fetches a model from an address.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := testmodel.SPM(1).WriteTo(filepath.Join(dir, "llama.gguf")); err != nil {
		panic(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "llama.gguf"))
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	defer server.Close()
	name, err := ref.Parse(server.URL + "/llama.gguf")
	if err != nil {
		panic(err)
	}
	p := pull.Puller{
		Library: &store.Library{Places: place.Places{Hub: filepath.Join(dir, "hub"), Own: filepath.Join(dir, "own")}},
		Client:  web.New(web.Options{Agent: "example", Insecure: true}),
		Note:    func(string, ...any) {},
	}
	result, err := p.Pull(context.Background(), name)
	if err != nil {
		panic(err)
	}
	fmt.Println(filepath.Base(result.Path), result.Fetched == int64(len(content)))
	// Output:
	// llama.gguf true
}
