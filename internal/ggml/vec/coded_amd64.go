//go:build !purego

package vec

import "unsafe"

// codedArgs has the arguments of a kernel that multiplies up to 8 rows of a with 16 or 32
// columns of a matrix in the cache.
type codedArgs struct {
	c      [8]*float32 // rows of c, then repeats of the last one, up to rows
	a      [8]*float32
	b      *byte
	scale  *byte // Q8Keys: the columns' scales
	stride int   // bytes from row to row of b
	ahead  int   // bytes from a row of b to the row that is prefetched with it
	k      int
	mask   uint64 // a bit for each column that exists (Halves only)
	fresh  int    // 1 sets c to the product; 0 adds the product to c
	rows   int    // how many rows are computed: 1, 2, 4 or, with AVX-512, 8
	to     int    // Q8Values: bytes from a row's integers to its scale (AVX2 only)
}

//go:noescape
func halves32AVX512(args *codedArgs)

//go:noescape
func q8Keys32AVX512(args *codedArgs)

//go:noescape
func q8Values32AVX512(args *codedArgs)

func gemmCodedAVX512(c, a Mat, b Coded, size Size, fresh bool) {
	if size.M <= 0 || size.K <= 0 || size.N <= 0 {
		return
	}
	b.check(c, a, size)
	for m := 0; m < size.M; m += 8 {
		eightRowsAVX512(Mat{c.Data[m*c.Stride:], c.Stride}, Mat{a.Data[m*a.Stride:], a.Stride}, b, Size{min(8, size.M-m), size.K, size.N}, fresh)
	}
}

// check panics if c, a or b have too few elements, because kernels do not check.
func (b *Coded) check(c, a Mat, size Size) {
	m, k, n := size.M, size.K, size.N
	_, _ = c.Data[(m-1)*c.Stride+n-1], a.Data[(m-1)*a.Stride+k-1]
	switch b.Form {
	case Halves:
		_ = b.Data[(k-1)*b.Stride+2*n-1]
	case Q8Keys:
		_ = b.Data[k/32*q8KeyBytes-1]
		if n != BlockLen || k%32 != 0 {
			panic("vec: Q8Keys must be whole blocks")
		}
	case Q8Values:
		_ = b.Data[(k-1)*b.Stride+n/32*q8Bytes-1]
		if n%32 != 0 {
			panic("vec: Q8Values must be whole blocks")
		}
	}
}

// newCodedArgs returns the arguments for the first columns of up to 8 rows.
func newCodedArgs(c, a Mat, b *Coded, size Size, fresh bool) codedArgs {
	g := codedArgs{b: &b.Data[0], stride: b.Stride, k: size.K, rows: 1}
	for g.rows < size.M {
		g.rows *= 2
	}
	for i := range g.rows {
		row := min(i, size.M-1)
		g.c[i], g.a[i] = &c.Data[row*c.Stride], &a.Data[row*a.Stride]
	}
	if len(b.Next) >= len(b.Data) {
		g.ahead = int(uintptr(unsafe.Pointer(&b.Next[0])) - uintptr(unsafe.Pointer(&b.Data[0])))
	}
	if fresh {
		g.fresh = 1
	}
	return g
}

// right moves g to the right, by some columns of c and some bytes of b.
func (g *codedArgs) right(columns, bytes int) {
	for i := range g.rows {
		g.c[i] = (*float32)(unsafe.Add(unsafe.Pointer(g.c[i]), 4*columns))
	}
	g.b = (*byte)(unsafe.Add(unsafe.Pointer(g.b), bytes))
}

// down moves g down, by 32 rows of b in the form Q8Keys.
func (g *codedArgs) down() {
	for i := range g.rows {
		g.a[i] = (*float32)(unsafe.Add(unsafe.Pointer(g.a[i]), 4*32))
	}
	g.b = (*byte)(unsafe.Add(unsafe.Pointer(g.b), q8KeyBytes))
	g.fresh = 0
}

func eightRowsAVX512(c, a Mat, b Coded, size Size, fresh bool) {
	g := newCodedArgs(c, a, &b, size, fresh)
	switch b.Form {
	case Halves:
		n := size.N
		for ; n > 32; n -= 32 {
			g.mask = 1<<32 - 1
			halves32AVX512(&g)
			g.right(32, 64)
		}
		g.mask = 1<<n - 1
		halves32AVX512(&g)
	case Q8Keys:
		g.k, g.stride = 32, BlockLen
		for k := 0; ; {
			g.scale = g.b
			g.b = (*byte)(unsafe.Add(unsafe.Pointer(g.b), 2*BlockLen))
			q8Keys32AVX512(&g)
			if k += 32; k == size.K {
				break
			}
			g.b = g.scale
			g.down()
		}
	case Q8Values:
		for n := size.N; ; {
			q8Values32AVX512(&g)
			if n -= 32; n == 0 {
				break
			}
			g.right(32, q8Bytes)
		}
	}
}

//go:noescape
func halves16AVX2(args *codedArgs)

//go:noescape
func q8Keys16AVX2(args *codedArgs)

//go:noescape
func q8Values16AVX2(args *codedArgs)

func gemmCodedAVX2(c, a Mat, b Coded, size Size, fresh bool) {
	if size.M <= 0 || size.K <= 0 || size.N <= 0 {
		return
	}
	if size.N%16 != 0 {
		gemmCodedGeneric(c, a, b, size, fresh)
		return
	}
	b.check(c, a, size)
	for m := 0; m < size.M; m += 4 {
		fourRowsAVX2(Mat{c.Data[m*c.Stride:], c.Stride}, Mat{a.Data[m*a.Stride:], a.Stride}, b, Size{min(4, size.M-m), size.K, size.N}, fresh)
	}
}

func fourRowsAVX2(c, a Mat, b Coded, size Size, fresh bool) {
	g := newCodedArgs(c, a, &b, size, fresh)
	switch b.Form {
	case Halves:
		for n := size.N; ; {
			halves16AVX2(&g)
			if n -= 16; n == 0 {
				break
			}
			g.right(16, 32)
		}
	case Q8Keys:
		g.k, g.stride = 32, BlockLen
		for k := 0; ; {
			left := g
			left.scale = g.b
			left.right(0, 2*BlockLen)
			q8Keys16AVX2(&left)
			left.scale = (*byte)(unsafe.Add(unsafe.Pointer(g.b), 2*16))
			left.right(16, 16)
			q8Keys16AVX2(&left)
			if k += 32; k == size.K {
				break
			}
			g.down()
		}
	case Q8Values:
		g.right(0, 2)
		for n := size.N; ; {
			g.to = -2
			q8Values16AVX2(&g)
			g.right(16, 16)
			g.to = -18
			q8Values16AVX2(&g)
			if n -= 32; n == 0 {
				break
			}
			g.right(16, q8Bytes-16)
		}
	}
}
