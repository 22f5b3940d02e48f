package sgemm

import (
	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/machine"
)

// A kernel is the inner loop for one instruction set.
type kernel struct {
	level      string // a level of package machine
	rows, cols int    // the size of a tile
	tile       func(a *args)
	transpose  func(dst []float32, width int, src []float32, stride, n, cols int)
	rowMajor   bool // the elements of a row of A must be contiguous: args.col must be 1

	masked bool // if true, a tile reads and writes only args.cols columns; if false, c must have cols columns

	// few[n] computes a tile of n rows, for n less than rows. copyPanels copies n rows of src
	// to several panels. Adjacent rows are stride elements apart, and a row is as wide as all
	// panels together. interleave packs several tiles of A: dst[t*dstStride+k*rows+i] =
	// src[k*stride+t*rows+i] for i < rows. Each of the three may be nil.
	few        []func(a *args)
	copyPanels func(dst, src []float32, stride, n, panels int)
	interleave func(dst []float32, dstStride int, src []float32, stride, n, tiles int)
}

// args has the arguments of a tile. Strides are in elements.
type args struct {
	c        []float32 // [rows, cols]
	cStride  int
	a        []float32 // element (i, p) at i*row + p*col
	row, col int
	b        []float32 // [k, cols], contiguous
	k        int
	cols     int    // how many columns c has
	mask     uint32 // a bit for each of these columns
	fresh    bool   // the chains begin with 0 instead of c
}

// use sets the number of columns.
func (a *args) use(cols int) { a.cols, a.mask = cols, uint32(1<<cols-1) }

// The size of the portable tile. No result depends on it.
const genericRows, genericCols = 4, 16

// generic is the portable kernel.
var generic = kernel{rows: genericRows, cols: genericCols, tile: tileGeneric, transpose: transposeGeneric}

// best is the kernel in use.
var best = choose(kernelTable)

// choose returns the first kernel of a table that this CPU can run and that
// ALPACA_KERNEL allows.
func choose(table []kernel) *kernel {
	for i := range table {
		if machine.Allowed(table[i].level) {
			return &table[i]
		}
	}
	return &generic
}

// Kernel returns the name of the instruction set in use, or "generic" for the portable code.
func Kernel() string {
	if best == &generic {
		return "generic"
	}
	return best.level
}

// tileGeneric computes a tile of the portable kernel's size.
func tileGeneric(a *args) { Generic(a, genericRows, genericCols) }

// tileGemm returns a tile function that uses vec.Gemm.
func tileGemm(rows, cols int) func(a *args) {
	return func(a *args) {
		vec.Gemm(vec.Mat{Data: a.c, Stride: a.cStride}, vec.Mat{Data: a.a, Stride: a.row}, vec.Mat{Data: a.b, Stride: cols},
			vec.Size{M: rows, K: a.k, N: cols}, a.fresh)
	}
}

// Generic defines the result of a tile of rows × cols:
//
//	c[i][j] = fma(a[i][p], b[p][j], c[i][j])    p = 0, 1, ... k-1
func Generic(a *args, rows, cols int) {
	for i := range rows {
		c := a.c[i*a.cStride : i*a.cStride+cols]
		if a.fresh {
			clear(c)
		}
		for p := range a.k {
			x := a.a[i*a.row+p*a.col]
			for j, y := range a.b[p*cols : (p+1)*cols] {
				c[j] = fmath.FMA32(x, y, c[j])
			}
		}
	}
}

// transposeGeneric sets dst[p*width+j] = src[j*stride+p] for p < n and j < cols.
func transposeGeneric(dst []float32, width int, src []float32, stride, n, cols int) {
	for j := range cols {
		for p, x := range src[j*stride : j*stride+n] {
			dst[p*width+j] = x
		}
	}
}
