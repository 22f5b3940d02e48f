package sampler_test

import (
	"fmt"

	"alpaca/internal/sampler"
)

// Example draws from three tokens. On every machine, the same seed draws the same tokens.
func Example() {
	p := sampler.DefaultParams()
	p.Seed, p.Temp = 42, 0.8
	s, err := sampler.New(p, sampler.Vocab{N: 3})
	if err != nil {
		panic(err)
	}
	for range 3 {
		id, err := s.Sample([]float32{1, 2, 3}) // the logits of tokens 0, 1 and 2
		if err != nil {
			panic(err)
		}
		s.Accept(id)
		fmt.Println(id)
	}
	// Output:
	// 1
	// 2
	// 1
}
