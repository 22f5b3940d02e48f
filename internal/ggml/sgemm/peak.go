package sgemm

import "time"

// Peak measures the operations per second of the kernel's tile on one core, with all data in
// the first-level cache. This is close to the CPU's highest rate of operations.
func Peak() float64 {
	const k, times = 128, 64
	a := args{c: make([]float32, best.rows*best.cols), cStride: best.cols,
		a: make([]float32, best.rows*k), row: 1, col: best.rows, b: make([]float32, k*best.cols), k: k}
	a.use(best.cols)
	fastest := time.Duration(1 << 62)
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		from := time.Now()
		for range times {
			best.tile(&a)
		}
		fastest = min(fastest, max(time.Since(from), 1))
	}
	return 2 * k * times * float64(best.rows*best.cols) / fastest.Seconds()
}
