package hubcache_test

import (
	"fmt"
	"path/filepath"

	"alpaca/internal/store/hubcache"
	"alpaca/internal/store/ref"
)

// Example shows the name of a repository's folder, which huggingface_hub uses, too.
func Example() {
	r, err := ref.Parse("hf:owner/model")
	if err != nil {
		panic(err)
	}
	fmt.Println(filepath.Base(hubcache.Of("cache", r).Dir()))
	// Output:
	// models--owner--model
}
