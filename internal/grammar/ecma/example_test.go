package ecma_test

import (
	"fmt"

	"alpaca/internal/grammar/ecma"
)

// The automaton of a pattern accepts every text that contains a match.
func ExampleCompile() {
	d, err := ecma.Compile(`^\d{2}|x$`, 1000)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"42 llamas", "4 llamas", "six", "sixes"} {
		fmt.Println(text, d.Match([]rune(text)))
	}
	// Output:
	// 42 llamas true
	// 4 llamas false
	// six true
	// sixes false
}
