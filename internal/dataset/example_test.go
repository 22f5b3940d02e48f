package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/dataset"
)

func ExampleRead() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "data.jsonl")
	os.WriteFile(path, []byte(`{"instruction": "Name a colour.", "output": "Green."}
{"instruction": "Name another.", "output": ""}
`), 0o600)
	f, err := dataset.Read(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range f.Records {
		fmt.Println(r.Line, r.Messages[1].Content)
	}
	for _, c := range f.Bad.Counts() {
		fmt.Printf("line %d: %s (%d in all)\n", c.First, c.Reason, c.Records)
	}
	// Output:
	// 1 Green.
	// line 2: empty output (1 in all)
}
