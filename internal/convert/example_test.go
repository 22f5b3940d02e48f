package convert_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/convert"
)

// Example checks whether a path is a checkpoint of Hugging Face.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
		panic(err)
	}
	_, folder := convert.FolderOf(dir)
	_, other := convert.FolderOf(filepath.Join(dir, "model.bin"))
	fmt.Println(folder, other)
	// Output:
	// true false
}
