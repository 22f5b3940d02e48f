//go:build !purego

package matmul

// quantizeActs does what quantizeActsGeneric does, with vector instructions.
func quantizeActs(a *Acts, row int, x []float32) {
	if a.Blocks == 0 {
		return
	}
	x = x[:a.Cols]
	q := a.Q[row*a.Stride:][:a.Cols]
	at := row * a.Blocks
	d := a.D[at:][:a.Blocks]
	if a.form == ActQ8K {
		sums := a.Sums[at*16:][:a.Blocks*16]
		quantizeQ8KNEON(&q[0], &d[0], &sums[0], &x[0], a.Blocks)
		return
	}
	pairs, ds := a.Pairs[at:][:a.Blocks], a.DS[at:][:a.Blocks]
	quantizeQ8NEON(&q[0], &d[0], &pairs[0], &ds[0], &x[0], a.Blocks)
	a.roundScales(row)
}

//go:noescape
func quantizeQ8NEON(q *int8, d *float32, pairs *uint32, ds, x *float32, nb int)

//go:noescape
func quantizeQ8KNEON(q *int8, d *float32, sums *int16, x *float32, nb int)
