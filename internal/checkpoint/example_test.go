package checkpoint_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/checkpoint"
)

// Example opens a folder with one tensor.
func Example() {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d", os.Getpid()))
	defer os.RemoveAll(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		panic(err)
	}
	header := `{"model.norm.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}`
	raw := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+"\x00\x00\x80\x3f"...)
	for name, text := range map[string]string{"config.json": `{"architectures": ["LlamaForCausalLM"]}`, "model.safetensors": string(raw)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	f, err := checkpoint.Open(dir, checkpoint.Options{})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Println(f.Format, f.Meta, f.Shards[0]["model.norm.weight"].Shape)
	// Output:
	// safetensors false [1]
}
