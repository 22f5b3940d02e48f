package tokenizer_test

import (
	"fmt"
	"os"
	"path/filepath"

	"alpaca/internal/gguf"
	"alpaca/internal/testmodel"
	"alpaca/internal/tokenizer"
)

// Example makes tokens of a text, and the text of tokens.
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
	ids := tok.Encode("the llama", false, false)
	stream, text := tok.NewStream(), ""
	for _, id := range ids {
		text += stream.Push(id)
	}
	fmt.Printf("%d tokens, %q\n", len(ids), text+stream.Flush())
	// Output:
	// 5 tokens, " the llama"
}
