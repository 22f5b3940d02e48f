package fsa_test

import (
	"fmt"

	"alpaca/internal/grammar/fsa"
)

// letters returns an automaton for texts of at least n letters.
func letters(n int, lo, hi rune) *fsa.DFA {
	a := &fsa.NFA{}
	at := a.Add()
	start := at
	for range n {
		next := a.Add()
		a.Edge(at, lo, hi, next)
		at = next
	}
	a.Edge(at, lo, hi, at)
	d, err := a.Determinize(start, at, 100)
	if err != nil {
		panic(err)
	}
	return d
}

func ExampleProduct() {
	both, err := fsa.Product(letters(2, 'a', 'm'), letters(3, 'g', 'z'), fsa.And, 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"him", "hi", "cat", "zoo"} {
		fmt.Println(text, both.Match([]rune(text)))
	}
	// Output:
	// him true
	// hi false
	// cat false
	// zoo false
}
