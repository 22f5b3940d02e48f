package gbnf_test

import (
	"fmt"

	"alpaca/internal/grammar/gbnf"
)

func ExampleCompile() {
	p, err := gbnf.Compile(`root ::= "yes" | "no" [.!]{1,3}`, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"yes", "no", "no!!", "nope"} {
		m := p.NewMatcher(nil)
		n, ok := m.AcceptBytes([]byte(text))
		fmt.Println(text, n, ok, m.Complete())
	}
	// Output:
	// yes 3 true true
	// no 2 true false
	// no!! 4 true true
	// nope 2 false false
}

// An error has a line and a column, and shows the line.
func ExampleError() {
	_, err := gbnf.Compile("root ::= list\nlist ::= [a-z] ( \",\" list", nil)
	fmt.Println(err)
	// Output:
	// line 2, column 16: the parenthesis is not closed
	//   list ::= [a-z] ( "," list
	//                  ^
}
