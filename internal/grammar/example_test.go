package grammar_test

import (
	"fmt"

	"alpaca/internal/grammar"
)

// Example compiles rules and prints which tokens of a vocabulary they allow.
func Example() {
	// list ::= "[" item ("," item)* "]"     item ::= [0-9]+ | list
	p, err := grammar.Compile(&grammar.Rules{
		Names: []string{"list", "item"},
		Body: []grammar.Expr{
			grammar.Seq{grammar.Bytes("["), grammar.Ref(1), grammar.Repeat{X: grammar.Seq{grammar.Bytes(","), grammar.Ref(1)}, Max: -1}, grammar.Bytes("]")},
			grammar.Alt{grammar.Repeat{X: grammar.Class{{Lo: '0', Hi: '9'}}, Min: 1, Max: -1}, grammar.Ref(0)},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := []string{"[", "[[", "]", "],", "7", "42,", "x", ""}
	vocab := grammar.NewVocab(len(tokens), func(id int32) []byte { return []byte(tokens[id]) }, []int32{7})
	m := p.NewMatcher(vocab)
	for _, id := range []int32{1, 5, 4, 3, 4, 2} {
		mask := m.Mask()
		for i, t := range tokens {
			if mask.Has(int32(i)) {
				fmt.Printf("%q ", t)
			}
		}
		fmt.Printf("→ %q\n", tokens[id])
		if err := m.Accept(id); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("complete:", m.Complete(), "nothing may follow:", m.Done())
	// Output:
	// "[" "[[" → "[["
	// "[" "[[" "7" "42," → "42,"
	// "[" "[[" "7" "42," → "7"
	// "]" "]," "7" "42," → "],"
	// "[" "[[" "7" "42," → "7"
	// "]" "7" "42," → "]"
	// complete: true nothing may follow: true
}

// Draft returns the text that must follow, so that its tokens can be evaluated together.
func ExampleMatcher_Draft() {
	p, _ := grammar.Compile(&grammar.Rules{Names: []string{"root"}, Body: []grammar.Expr{
		grammar.Seq{grammar.Bytes(`{"name": "`), grammar.Class{{Lo: 'a', Hi: 'z'}}, grammar.Bytes(`"}`)},
	}})
	m := p.NewMatcher(grammar.NewVocab(257, func(id int32) []byte { return []byte{byte(id)} }, []int32{256}))
	fmt.Printf("%s\n", m.Draft(nil, 100))
	// Output: {"name": "
}
