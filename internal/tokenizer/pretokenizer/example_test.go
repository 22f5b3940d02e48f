package pretokenizer_test

import (
	"fmt"
	"strings"

	"alpaca/internal/tokenizer/pretokenizer"
)

func Example() {
	const text = "HelloWorld, I'll pay 12345!"
	for _, name := range []string{"gpt-2", "llama-bpe", "gpt-4o"} {
		p, _ := pretokenizer.Lookup(name, false)
		var words []string
		start := 0
		for _, end := range p.Split(text) {
			words = append(words, text[start:end])
			start = end
		}
		fmt.Println(strings.Join(words, "|"))
	}
	// Output:
	// HelloWorld|,| I|'ll| pay| 12345|!
	// HelloWorld|,| I|'ll| pay| |123|45|!
	// Hello|World|,| I'll| pay| |123|45|!
}
