package safetensors_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/checkpoint/safetensors"
)

// Example writes a file with one tensor, and reads it.
func Example() {
	header := `{"norm": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}`
	raw := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	raw = append(raw, header...)
	raw = append(raw, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40) // 1 and 2
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.safetensors", os.Getpid()))
	defer os.Remove(path)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		panic(err)
	}
	f, err := safetensors.Open(path, safetensors.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	for _, t := range f.Tensors {
		values, err := t.Float32s()
		fmt.Println(t.Name, t.Shape, values, err)
	}
	// Output:
	// norm [2] [1 2] <nil>
}
