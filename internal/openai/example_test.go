package openai_test

import (
	"fmt"

	"alpaca/internal/openai"
	"alpaca/internal/sampler"
)

func ExampleParseChat() {
	r, err := openai.ParseChat([]byte(`{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "stop": "\n"}`), sampler.DefaultParams())
	fmt.Println(r.Messages[0].Content, r.MaxTokens, len(r.Stop), err)
	_, err = openai.ParseChat([]byte(`{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2.7}`), sampler.DefaultParams())
	fmt.Println(err)
	// Output:
	// Hi 5 1 <nil>
	// max_tokens: is 2.7, must be a whole number between -1 and 2147483647
}
