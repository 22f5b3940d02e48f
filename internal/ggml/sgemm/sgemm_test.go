package sgemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
	"alpaca/internal/machine"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// eachKernel runs f as a subtest with the portable kernel and with every other kernel that this CPU
// can run.
func eachKernel(t *testing.T, f func(t *testing.T)) {
	defer func(k *kernel) { best = k }(best)
	best = &generic
	t.Run("generic", f)
	best = &kernel{rows: 16, cols: 64, tile: tileGemm(16, 64), transpose: transposeGeneric, rowMajor: true}
	t.Run("gemm", f)
	for i := range kernelTable {
		k := &kernelTable[i]
		t.Run(k.level, func(t *testing.T) {
			if !slices.Contains(machine.Levels(), k.level) {
				require.NotContains(t, strings.Split(os.Getenv("ALPACA_REQUIRE_KERNELS"), ","), k.level)
				t.Skip("this CPU cannot run the kernel")
			}
			best = k
			f(t)
		})
	}
}

func normals(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// want computes p by its definition: a chain of fused multiply-adds for each element.
func want(p *Product, a, b func(i, j int) float32) []float32 {
	out := slices.Clone(p.Dst)
	for i := range p.M {
		for j := range p.N {
			c := out[i*p.DstStride+j]
			if !p.Add {
				c = 0
			}
			for k := range p.K {
				c = fmath.FMA32(a(i, k), b(k, j), c)
			}
			out[i*p.DstStride+j] = c
		}
	}
	return out
}

func sameBits(t *testing.T, want, got []float32, about string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("%s: element %d: got %v, want %v", about, i, got[i], want[i])
		}
	}
}

// matrix returns a random matrix of a shape, stored transposed or not, and a function that
// returns its elements. The stride is a little larger than a row.
func matrix(r *rand.Rand, rows, cols int, transposed bool) (Matrix, func(i, j int) float32) {
	if transposed {
		m := Rows(normals(r, cols*(rows+3)), rows+3).T()
		return m, func(i, j int) float32 { return m.Data[j*m.Stride+i] }
	}
	m := Rows(normals(r, rows*(cols+3)), cols+3)
	return m, func(i, j int) float32 { return m.Data[i*m.Stride+j] }
}

func TestProducts(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		shapes := [][3]int{{1, 1, 1}, {5, 7, 3}, {6, 16, 1}, {13, 33, 40}, {28, 64, 257}, {31, 15, 300}, {100, 20, 8}, {7, 1, 515}, {2, 90, 0}}
		if !testing.Short() {
			shapes = append(shapes, [3]int{200, 50, 33}, [3]int{97, 130, 600})
		}
		for n, s := range shapes {
			for form := range 8 {
				p := Product{M: s[0], N: s[1], K: s[2], DstStride: s[1] + form%3, Add: form&4 != 0}
				p.Dst = normals(r, p.M*p.DstStride)
				var a, b func(i, j int) float32
				p.A, a = matrix(r, p.M, p.K, form&1 != 0)
				p.B, b = matrix(r, p.K, p.N, form&2 != 0)
				wanted := want(&p, a, b)
				threads := 1 + (n+form)%4
				p.Scratch = make([]Scratch, threads)
				items := p.Plan(threads)
				for i := range items {
					p.Do(i%threads, i, i+1)
				}
				sameBits(t, wanted, p.Dst, fmt.Sprint(s, " form ", form, " threads ", threads))
			}
		}
	})
}

// TestPlan checks that two workers get the same number of items, because otherwise one of them
// would wait. It tries products of adapters, and matrices whose panels do not fill the last group.
func TestPlan(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		for _, s := range [][2]int{{512, 16}, {1024, 16}, {512, 576}, {512, 192}, {512, 1536}} {
			p := Product{M: s[0], N: s[1], DstStride: s[1], Dst: make([]float32, s[0]*s[1])}
			require.Zero(t, p.Plan(2)%2, "%v", s)
		}
	})
}

func TestWeights(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, typ := range []quant.Type{quant.F32, quant.F16, quant.BF16, quant.Q8_0, quant.Q4_0, quant.Q4_K, quant.Q6_K} {
			const rows, cols, tokens = 70, 512, 9
			values := normals(r, rows*cols)
			data := make([]byte, rows*typ.RowBytes(cols))
			quant.Encode(typ, data, values, cols, nil)
			quant.Decode(typ, values, data)
			w, err := matmul.NewMatrix(typ, rows, cols, data)
			require.NoError(t, err)
			for _, transposed := range []bool{false, true} {
				p := Product{M: tokens, N: cols, K: rows, B: Matrix{Weights: &w, Transposed: transposed}, Scratch: make([]Scratch, 1)}
				b := func(i, j int) float32 { return values[i*cols+j] }
				if transposed {
					p.N, p.K = rows, cols
					b = func(i, j int) float32 { return values[j*cols+i] }
				}
				var a func(i, j int) float32
				p.A, a = matrix(r, p.M, p.K, false)
				p.DstStride = p.N
				p.Dst = normals(r, p.M*p.N)
				wanted := want(&p, a, b)
				p.Run(&p.Scratch[0])
				sameBits(t, wanted, p.Dst, fmt.Sprint(typ, " transposed ", transposed))
			}
		}
	})
}

func TestTooShort(t *testing.T) {
	for _, p := range []Product{
		{Dst: make([]float32, 5), DstStride: 3, M: 2, N: 3, K: 1, A: Rows(make([]float32, 2), 1), B: Rows(make([]float32, 3), 3)},
		{Dst: make([]float32, 6), DstStride: 3, M: 2, N: 3, K: 2, A: Rows(make([]float32, 3), 2), B: Rows(make([]float32, 6), 3)},
		{Dst: make([]float32, 6), DstStride: 3, M: 2, N: 3, K: 2, A: Rows(make([]float32, 4), 2), B: Rows(make([]float32, 5), 3)},
		{Dst: make([]float32, 6), DstStride: 2, M: 2, N: 3, K: 2, A: Rows(make([]float32, 4), 2), B: Rows(make([]float32, 6), 3)},
	} {
		require.Panics(t, func() { p.Run(new(Scratch)) })
	}
}
