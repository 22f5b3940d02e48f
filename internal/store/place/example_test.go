package place_test

import (
	"fmt"

	"alpaca/internal/store/place"
)

// Example finds the folders of models that the environment names.
func Example() {
	p, err := place.Find(func(name string) string {
		return map[string]string{"HF_HUB_CACHE": "/models/hub"}[name]
	})
	fmt.Println(p.Hub, err)
	// Output:
	// /models/hub <nil>
}
