package train

import (
	"unsafe"

	"alpaca/internal/ggml/sgemm"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// workers share out the work of one pass.
type workers struct {
	pool    *pool.Pool
	scratch []sgemm.Scratch
	product sgemm.Product // that they are at
	err     error         // the first: a fault in the mapped base
}

func newWorkers(pool *pool.Pool) workers {
	return workers{pool: pool, scratch: make([]sgemm.Scratch, pool.Threads())}
}

type task func(worker, lo, hi int)

func (t task) Do(worker, lo, hi int) { t(worker, lo, hi) }

// each calls f for parts of 0 to n-1 in parallel.
func (w *workers) each(n, chunk int, f func(worker, lo, hi int)) {
	if w.err == nil {
		w.err = w.pool.Run(task(f), n, chunk)
	}
}

// matrix is an operand: element (i, j) at i*stride+j or, if flipped, j*stride+i.
type matrix[T real] struct {
	data    []T
	stride  int
	flipped bool
	weights *quant.Matrix
}

func rows[T real](data []T, stride int) matrix[T] { return matrix[T]{data: data, stride: stride} }

func (m matrix[T]) t() matrix[T] {
	m.flipped = !m.flipped
	return m
}

// matrix returns t as an operand.
func (t *Tensor[T]) matrix() matrix[T] {
	return matrix[T]{data: t.Data, stride: t.Cols, weights: t.Weights}
}

// product is dst [m, n] = or += a [m, k] · b [k, n], each element a chain of fused
// multiply-adds over k.
type product[T real] struct {
	dst     []T
	stride  int // of dst
	a, b    matrix[T]
	m, n, k int
	add     bool
	padded  bool // dst is [m, stride], and columns from n on may get any values
}

func (e *engine[T]) mul(p product[T]) { mul(&e.workers, &p) }

// mul computes p on all workers.
func mul[T real](w *workers, p *product[T]) {
	switch {
	case !single[T]():
		p.define()
	case w.err == nil:
		s := &w.product
		*s = p.sgemm()
		s.Scratch = w.scratch
		w.err = w.pool.Run(s, s.Plan(w.pool.Threads()), 1)
	}
}

// run computes p on one worker.
func (p *product[T]) run(w *workers, worker int) {
	if !single[T]() {
		p.define()
		return
	}
	s := p.sgemm()
	s.Run(&w.scratch[worker])
}

func (p *product[T]) sgemm() sgemm.Product {
	of := func(m matrix[T]) sgemm.Matrix {
		return sgemm.Matrix{Data: floats(m.data), Stride: m.stride, Transposed: m.flipped, Weights: m.weights}
	}
	return sgemm.Product{Dst: floats(p.dst), DstStride: p.stride, A: of(p.a), B: of(p.b), M: p.m, N: p.n, K: p.k, Add: p.add, Padded: p.padded}
}

// single reports whether T is float32.
func single[T real]() bool {
	var x T
	return unsafe.Sizeof(x) == 4
}

// floats returns x, whose elements are float32.
func floats[T real](x []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// define computes p in order.
func (p *product[T]) define() {
	at := func(m *matrix[T], i, j int) T {
		if m.flipped {
			i, j = j, i
		}
		return m.data[i*m.stride+j]
	}
	for i := range p.m {
		for j := range p.n {
			var c T
			if p.add {
				c = p.dst[i*p.stride+j]
			}
			for k := range p.k {
				c += T(at(&p.a, i, k) * at(&p.b, k, j))
			}
			p.dst[i*p.stride+j] = c
		}
	}
}
