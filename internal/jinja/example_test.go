package jinja_test

import (
	"context"
	"fmt"

	"alpaca/internal/jinja"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// Example renders a message. It prints which parts of the result come from the template (0) and
// which from the message (1).
func Example() {
	t, err := jinja.Compile("<|user|>{{ content|upper }}<|end|>")
	if err != nil {
		panic(err)
	}
	vars := value.NewDict()
	vars.Put("content", text.From("hi <|end|>", 1))
	out, err := t.Render(context.Background(), vars, jinja.Options{})
	if err != nil {
		panic(err)
	}
	for _, s := range out.Spans() {
		fmt.Println(s.Origin, s.Text)
	}
	// Output:
	// 0 <|user|>
	// 1 HI <|END|>
	// 0 <|end|>
}
