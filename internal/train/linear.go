package train

import (
	"unsafe"

	"alpaca/internal/ggml"
	"alpaca/internal/ggml/sgemm"
	"alpaca/internal/pool"
	"alpaca/internal/quant/matmul"
	"alpaca/internal/train/random"
)

// linear sets y [n, out] to the output of l for x [n, in].
func (e *engine[T]) linear(l *Linear[T], y, x []T) {
	out, in := l.W.Rows, l.W.Cols
	n := len(x) / in
	if l.Bias != nil {
		e.each(n, fewRows, func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				copy(y[i*out:(i+1)*out], l.Bias.Data)
			}
		})
	}
	e.mul(product[T]{dst: y, stride: out, m: n, n: out, k: in, a: rows(x, in), b: l.W.matrix().t(), add: l.Bias != nil})
	if l.A != nil {
		e.adapter(l, y, out, x)
	}
}

// adapter adds the output of l's adapter for x to y. The rows of y lie stride elements apart.
func (e *engine[T]) adapter(l *Linear[T], y []T, stride int, x []T) {
	r, in := l.A.Rows, l.A.Cols
	low := e.low(l, e.dropped(l, x))
	e.mul(product[T]{dst: y, stride: stride, m: len(x) / in, n: l.B.Rows, k: r, a: rows(low, r), b: l.B.matrix().t(), add: true})
}

// low returns Scale·A·x of an adapter, [n, rank].
func (e *engine[T]) low(l *Linear[T], x []T) []T {
	r, in := l.A.Rows, l.A.Cols
	n := len(x) / in
	low := e.mem.low[:n*r]
	e.mul(product[T]{dst: low, stride: r, m: n, n: r, k: in, a: rows(x, in), b: l.A.matrix().t()})
	scale(low, l.Scale)
	return low
}

// linearBack adds the gradients of l's trainable tensors. If dx [n, in] is not nil, it
// also sets dx to the gradient of the input or, if add is true, adds the gradient to dx.
func (e *engine[T]) linearBack(l *Linear[T], dy, x, dx []T, add bool) {
	out, in := l.W.Rows, l.W.Cols
	n := len(x) / in
	if l.W.Trainable() {
		e.mul(product[T]{dst: l.W.Grad, stride: in, m: out, n: in, k: n, a: rows(dy, out).t(), b: rows(x, in), add: true})
	}
	if l.Bias.Trainable() {
		e.sumRows(l.Bias.Grad, dy, out)
	}
	if dx != nil {
		e.mul(product[T]{dst: dx, stride: in, m: n, n: in, k: out, a: rows(dy, out), b: l.W.matrix(), add: add})
	}
	if l.A != nil {
		e.adapterBack(l, rows(dy, out), x, dx)
	}
}

// adapterBack is linearBack for the adapter. With u = Scale·A·x:
//
//	dB += dyᵀ·u    du = Scale·dy·B    dA += duᵀ·x    dx += du·A
func (e *engine[T]) adapterBack(l *Linear[T], dy matrix[T], x, dx []T) {
	out, in, r := l.W.Rows, l.W.Cols, l.A.Rows
	n := len(x) / in
	x = e.dropped(l, x)
	low := e.low(l, x)
	e.mul(product[T]{dst: l.B.Grad, stride: r, m: out, n: r, k: n, a: dy.t(), b: rows(low, r), add: true})
	du := e.mem.dlow[:n*r]
	e.mul(product[T]{dst: du, stride: r, m: n, n: r, k: out, a: dy, b: l.B.matrix()})
	scale(du, l.Scale)
	e.mul(product[T]{dst: l.A.Grad, stride: in, m: r, n: in, k: n, a: rows(du, r).t(), b: rows(x, in), add: true})
	switch {
	case dx == nil:
	case !e.drops():
		e.mul(product[T]{dst: dx, stride: in, m: n, n: in, k: r, a: rows(du, r), b: l.A.matrix(), add: true})
	default:
		d := e.mem.drop[:n*in]
		e.mul(product[T]{dst: d, stride: in, m: n, n: in, k: r, a: rows(du, r), b: l.A.matrix()})
		e.mask(l, d, d)
		e.each(n, fewRows, func(_, lo, hi int) { addTo(dx[lo*in:hi*in], d[lo*in:hi*in]) })
	}
}

// drops reports whether dropout is on.
func (e *engine[T]) drops() bool { return e.Dropout > 0 && !e.eval }

// dropped returns x with dropout: in e.mem.drop, or x itself if dropout is off.
func (e *engine[T]) dropped(l *Linear[T], x []T) []T {
	if !e.drops() {
		return x
	}
	e.mem.drop = ggml.Grow(e.mem.drop, len(x))
	e.mask(l, e.mem.drop, x)
	return e.mem.drop
}

// mask applies dropout: it sets some elements of dst to 0, and the others to
// the elements of x times 1/(1-Dropout). A hash of an element's place decides
// which elements are dropped, so forward and backward drop the same elements.
func (e *engine[T]) mask(l *Linear[T], dst, x []T) {
	in := l.W.Cols
	limit := uint64(e.Dropout * (1 << 32))
	by := T(1 / (1 - e.Dropout))
	e.each(len(x)/in, fewRows, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			at := i
			if e.head.some != nil {
				at = e.head.some[i]
			}
			base := random.Hash(e.Seed, random.ForDropout, e.update, e.batch.Row[at], uint64(e.batch.At[at]), l.site)
			for j := range in {
				if random.Mix(base+uint64(j))>>32 < limit {
					dst[i*in+j] = 0
				} else {
					dst[i*in+j] = x[i*in+j] * by
				}
			}
		}
	})
}

// sumRows adds the rows of x [n, cols] to dst, in order.
func (e *engine[T]) sumRows(dst, x []T, cols int) {
	e.each(cols, 16, func(_, lo, hi int) {
		for at := 0; at < len(x); at += cols {
			for j := lo; j < hi; j++ {
				dst[j] += x[at+j]
			}
		}
	})
}

// workers divide the work of one pass.
type workers struct {
	pool    *pool.Pool
	scratch []sgemm.Scratch
	product sgemm.Product // the product in progress
	err     error         // the first error, such as a read fault in the base's mapped file
}

func newWorkers(pool *pool.Pool) workers {
	return workers{pool: pool, scratch: make([]sgemm.Scratch, pool.Threads())}
}

type task func(worker, lo, hi int)

func (t task) Do(worker, lo, hi int) { t(worker, lo, hi) }

// each calls f in parallel for ranges that together cover 0 to n-1.
func (w *workers) each(n, chunk int, f func(worker, lo, hi int)) {
	if w.err == nil {
		w.err = w.pool.Run(task(f), n, chunk)
	}
}

// matrix is an operand. Element (i, j) is at i*stride+j or, if flipped is true, at j*stride+i.
type matrix[T real] struct {
	data    []T
	stride  int
	flipped bool
	weights *matmul.Matrix
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

// product is dst [m, n] = a [m, k] · b [k, n]. If add is true, the product is
// added to dst. In float32, each element is a chain of fused multiply-adds over k.
type product[T real] struct {
	dst     []T
	stride  int // stride of dst
	a, b    matrix[T]
	m, n, k int
	add     bool
	padded  bool // dst is [m, stride]; columns from n on may get any values
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

// floats returns x as a []float32. T must be float32.
func floats[T real](x []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// define computes p by the definition of a product. It is used for float64.
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
