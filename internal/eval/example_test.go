package eval_test

import (
	"fmt"

	"alpaca/internal/eval"
)

// Example cuts a text of ten tokens into windows of four. The second half of each is scored.
func Example() {
	windows, err := eval.Policy{Context: 4}.Windows([]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	if err != nil {
		panic(err)
	}
	for _, w := range windows {
		fmt.Println(w.Tokens, w.Scored())
	}
	// Output:
	// [0 1 2 3] 1
	// [4 5 6 7] 1
}
