package ggml

import "alpaca/internal/pool"

// minElems is how many elements of a cheap operation a worker is called for.
const minElems = 1 << 13

// Cap puts a soft cap on numbers.
type Cap struct {
	x []float32
	c float32
}

// Run replaces x[i] by c tanh(x[i]/c).
func (a *Cap) Run(p *pool.Pool, x []float32, c float32) error {
	a.x, a.c = x, c
	return p.Run(a, (len(x)+capRun-1)/capRun, minElems/capRun+1)
}

const capRun = 1 << 10 // elements of an item

// Do implements Task.
func (a *Cap) Do(_, lo, hi int) { softCap(a.x[lo*capRun:min(hi*capRun, len(a.x))], a.c) }
