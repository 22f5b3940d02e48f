package queue_test

import (
	"fmt"

	"alpaca/internal/queue"
)

// Example names a batch by its input and its options.
func Example() {
	id := queue.BatchID("digest of the input", "temp=0")
	fmt.Println(len(id), queue.CheckBatch(id), id == queue.BatchID("digest of the input", "temp=1"))
	// Output:
	// 16 <nil> false
}
