package ggml

import (
	"fmt"
	"testing"

	"alpaca/internal/quant/matmul"

	"github.com/stretchr/testify/require"
)

// TestRegionsHaveEveryRowOnce checks how products are divided into items. The workers must compute
// each row of each product exactly once, no matter how they divide the items among them.
func TestRegionsHaveEveryRowOnce(t *testing.T) {
	acts := &matmul.Acts{Rows: 1}
	for _, streams := range []int{1, 4} {
		for _, threads := range []int{1, 2, 3, 16} {
			for _, rows := range [][]int{{1}, {3}, {64}, {65, 2, 130}, {2048, 256, 256}, {32003}} {
				m := MatMul{rows: 64, n: len(rows)}
				for i, n := range rows {
					m.products[i] = Product{W: &matmul.Matrix{Rows: n}, Acts: acts}
				}
				items := m.cut(threads)
				for i := range m.regions {
					m.regions[i].streams = streams
				}
				for _, chunk := range []int{1, 3, items} {
					name := fmt.Sprint(streams, " streams, ", threads, " threads, rows ", rows, ", chunks of ", chunk)
					seen := make([][]int, len(rows))
					for i, n := range rows {
						seen[i] = make([]int, n)
					}
					count := func(product int, s strips) {
						for i := range s.count {
							for lo, hi := s.at(i); lo < hi; lo++ {
								seen[product][lo]++
							}
						}
					}
					next := 0
					for _, r := range m.regions {
						require.Equal(t, next, r.first, name)
						next += r.items
						for i := 0; i < r.items; i += chunk {
							last := min(i+chunk, r.items)
							s := r.strips(i, last, m.rows)
							require.LessOrEqual(t, s.n*s.count, (last-i)*m.rows, name)
							count(r.product, s)
						}
						count(r.product, r.rest())
					}
					require.Equal(t, items, next, name)
					for i := range seen {
						for row, n := range seen[i] {
							require.Equal(t, 1, n, "%s: row %d of product %d", name, row, i)
						}
					}
				}
			}
		}
	}
}
