package peft_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/lora/peft"
)

// Example reads which base model an adapter is for.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	config := `{"peft_type": "LORA", "base_model_name_or_path": "HuggingFaceTB/SmolLM2-135M", "r": 8}`
	if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), []byte(config), 0o644); err != nil {
		panic(err)
	}
	fmt.Println(peft.BaseOf(dir))
	// Output:
	// HuggingFaceTB/SmolLM2-135M
}
