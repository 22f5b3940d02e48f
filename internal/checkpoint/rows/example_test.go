package rows_test

import (
	"fmt"

	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/quant"
)

// Example stacks two matrices, such as those of queries and keys for a model that has both in one
// matrix.
func Example() {
	matrix := func(first float32) *rows.Rows {
		return rows.Computed(quant.F32, 2, 1, func(dst []float32, lo, hi int) error {
			for i := lo; i < hi; i++ {
				dst[i-lo] = first + float32(i)
			}
			return nil
		})
	}
	both := rows.Stack([]*rows.Rows{matrix(1), matrix(5)})
	raw := make([]byte, 2*4)
	if err := both.Read(raw, 1, 3); err != nil { // the last row of the first matrix, the first row of the second
		panic(err)
	}
	x := make([]float32, 2)
	quant.Decode(quant.F32, x, raw)
	fmt.Println(both.N, "rows,", x)
	// Output:
	// 4 rows, [2 5]
}
