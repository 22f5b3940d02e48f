package weights_test

import (
	"fmt"

	"alpaca/internal/checkpoint/weights"
)

// Example reads numbers of eight bits.
func Example() {
	var x [2]float32
	weights.F8E4M3.Decode(x[:], []byte{0x38, 0xb8})
	fmt.Println(x, weights.F8E4M3.Bytes(2), "bytes")
	// Output:
	// [1 -1] 2 bytes
}
