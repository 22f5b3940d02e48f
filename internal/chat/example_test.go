package chat_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/chat"
	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
	"alpaca/internal/tokenizer"
)

// Example makes the text of a conversation with a built-in template.
func Example() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("example-%d.gguf", os.Getpid()))
	defer os.Remove(path)
	testmodel.SPM(1).WriteTo(path)
	f, err := gguf.Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	tok, err := tokenizer.FromGGUF(f, tokenizer.Options{})
	if err != nil {
		panic(err)
	}
	t, err := chat.Builtin("chatml", tok)
	if err != nil {
		panic(err)
	}
	text, err := t.Text([]chat.Message{{Role: "user", Content: "Hello"}})
	if err != nil {
		panic(err)
	}
	fmt.Print(text)
	// Output:
	// <|im_start|>user
	// Hello<|im_end|>
	// <|im_start|>assistant
}
