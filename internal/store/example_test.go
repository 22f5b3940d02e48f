package store_test

import (
	"fmt"
	"os"

	"alpaca/internal/store"
	"alpaca/internal/store/place"
)

// Example lists the models of a machine that has none.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	l := &store.Library{Places: place.Places{Own: dir}}
	fmt.Println(len(l.List()))
	// Output:
	// 0
}
