package hubcache_test

import (
	"fmt"
	"path/filepath"

	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/ref"
)

// Example shows the folder of a repository, which has huggingface_hub's name.
func Example() {
	r, err := ref.Parse("hf:owner/model")
	if err != nil {
		panic(err)
	}
	fmt.Println(filepath.Base(hubcache.Of("cache", r).Dir()))
	// Output:
	// models--owner--model
}
